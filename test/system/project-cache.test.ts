/** `projectCache`, as an app has it. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { type ConvertOptions, createConvert } from '../../src/index.js';
import { httpServer, later, says, saysProject, until } from '../project/helpers.js';
import { messageOf } from '../support/log-lines.js';
import { temporaryFolder } from '../support/folder.js';

let path: string;
beforeEach(() => {
  path = temporaryFolder('project-cache');
});

function start(endpoint: string, options: ConvertOptions = {}) {
  const lines: string[] = [];
  const convert = createConvert({
    sdkKey: '100/200',
    endpoints: { config: endpoint },
    projectCache: path,
    logger: {
      error: (line) => void lines.push(`error ${line}`),
      warn: (line) => void lines.push(`warn ${line}`),
      info: (line) => void lines.push(`info ${line}`),
    },
    ...options,
  });
  later(() => convert.close());
  /** What is about the config, and not about what is in it. */
  const told = () => lines.filter((line) => /cache|config/.test(line));
  return { convert, told };
}

async function remember(endpoint: string): Promise<void> {
  const { convert } = start(endpoint);
  await convert.ready();
  await expect
    .poll(() => readdir(join(path, 'project-cache')).catch(() => []))
    .toEqual([expect.stringMatching(/json$/)]);
  await convert.close();
}

it('starts an app while the endpoint fails, and says so', async () => {
  const server = await httpServer(saysProject('1'));
  await remember(server.base);
  server.answer = says('', {}, 500);
  const before = Date.now();
  const { convert, told } = start(server.base);
  await convert.ready();
  expect((await convert.forVisitor('v1')).explain('hero').reason).not.toBe('not-ready');
  await until(() => expect(convert.stats().project.failures).toBeGreaterThan(0));
  expect(convert.stats().project).toMatchObject({
    version: '1',
    fromCache: true,
    lastError: expect.stringContaining('answered 500') as string,
  });
  expect(convert.stats().project.checkedAt).toBeLessThanOrEqual(before);
  expect(told()).toContainEqual(
    expect.stringMatching(
      / convert: started with the project config of \d{4}-\d\d-\d\dT[\d:.]+Z from the cache; the endpoint (fails, and is asked again|has not answered yet)/,
    ),
  );
  expect(told()).toContainEqual(expect.stringContaining('error convert: config endpoint'));

  server.answer = saysProject('2');
  await until(() =>
    expect(convert.stats().project).toMatchObject({
      version: '2',
      fromCache: false,
      failures: 0,
      changes: 1,
    }),
  );
  expect(convert.stats().project.checkedAt).toBeGreaterThanOrEqual(before);
  expect(told().at(-1)).toMatch(/info convert: the project config is back after \d+ failures/);
});

it('is not spoken of where all is well', async () => {
  const server = await httpServer(saysProject('1'));
  await remember(server.base);
  const { convert, told } = start(server.base);
  await convert.ready();
  await until(() => expect(convert.stats().project.fromCache).toBe(false));
  expect(told().filter((line) => !line.startsWith('info'))).toEqual([]);
});

it('that fails is an error event and a line, not a failure of the config', async () => {
  await writeFile(join(path, 'project-cache'), '');
  const server = await httpServer(saysProject('1'));
  const { convert, told } = start(server.base);
  const codes: string[] = [];
  convert.on('error', ({ code }) => codes.push(code));
  await convert.ready();
  await until(() => expect(codes).toEqual(['CONVERT_PROJECT_CACHE']));
  expect(told().map(messageOf)).toEqual([
    expect.stringMatching(
      /^error convert: the folder of the project cache, .* is no folder; it is not used$/,
    ),
  ]);
  expect(convert.stats().project).toMatchObject({ version: '1', failures: 0, lastError: undefined });
});
