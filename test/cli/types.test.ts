/** The command `types`, in this process: files, the config endpoint, and the check for CI. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { types } from '../../src/cli/types.js';
import { ROOT } from '../examples/root.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';

let out: string;
let project: string;
let told: { stdout: string; stderr: string };

beforeEach(() => {
  const folder = temporaryFolder('types');
  [out, project] = [join(folder, 'convert.d.ts'), join(folder, 'convert.json')];
  told = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[name], 'write').mockImplementation((text) => (told[name] += String(text)) !== '');
  }
  for (const name of ['CONVERT_SDK_KEY', 'CONVERT_SDK_KEY_SECRET', 'CONVERT_PROJECT_FILE'])
    vi.stubEnv(name, '');
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

/** What the config endpoint was asked. */
const asked: Pick<IncomingMessage, 'url' | 'headers'>[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  const isKnown = request.url!.startsWith('/config/1001/2002');
  response.writeHead(isKnown ? 200 : 404).end(isKnown ? JSON.stringify(testProject()) : '');
});
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => server.close());

/** The project, changed, in its file. */
function write(change: (config: ReturnType<typeof testProject>) => void = () => undefined): void {
  const config = testProject();
  change(config);
  writeFileSync(project, JSON.stringify(config));
}
const run = (...args: string[]): Promise<unknown> => types.run(['--out', out, ...args]);
const read = (): string => readFileSync(out, 'utf8');

it('writes the file, and leaves it alone if nothing has changed', async () => {
  write();
  await run('--project', project);
  expect(told.stdout).toBe(`${out}: 6 experiences, 2 goals, 2 features\n`);
  expect(read()).toContain("'homepage-hero': 'original' | 'version-b';");
  const { mtimeNs } = statSync(out, { bigint: true });
  await run('--project', project);
  expect(told.stdout).toContain(`${out} is up to date`);
  expect(statSync(out, { bigint: true }).mtimeNs).toBe(mtimeNs);
});

it('writes the keys of several projects', async () => {
  write();
  const other = join(dirname(project), 'outlet.json');
  writeFileSync(other, '{ "experiences": { "outlet-hero": ["original", "b"] } }');
  await run('--project', project, '--project', other);
  expect(told.stdout).toBe(`${out}: 7 experiences, 2 goals, 2 features\n`);
  await expect(run('--project', project, '--project', `${other}.gone`)).rejects.toThrow('outlet.json.gone');
});

it('--check passes what is up to date, and says what differs', async () => {
  write();
  await expect(run('--project', project, '--check')).rejects.toThrow(`there is no file ${out}`);
  expect(existsSync(out)).toBe(false);
  await run('--project', project);
  writeFileSync(out, read().replaceAll('\n', '\r\n'));
  await run('--project', project, '--check');
  expect(told.stdout).toContain('is up to date: 6 experiences');
  write((config) => (config.goals![0]!.key = 'order\u202e'));
  await expect(run('--project', project, '--check')).rejects.toThrow(
    `${out} is not up to date: make it again without --check\n- purchase: true;\n+ 'order?': true;`,
  );
  expect(read()).toContain('purchase');
});

it('takes the config from the endpoint, of all environments, with the secret of its key', async () => {
  const key = ['--sdk-key', '1001/2002'];
  const at = ['--config-endpoint', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`];
  vi.stubEnv('CONVERT_SDK_KEY_SECRET', 'from-the-environment');
  await run(...key, ...at);
  await run(...key, ...at, '--sdk-key-secret', 'given', '--environment', 'staging');
  vi.stubEnv('CONVERT_SDK_KEY', '1/2');
  await run(...key, ...at);
  expect(asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/config/1001/2002', 'Bearer from-the-environment'],
    ['/config/1001/2002?environment=staging', 'Bearer given'],
    ['/config/1001/2002', undefined],
  ]);
  expect(told.stdout.split('\n').map((line) => /\d experiences/.exec(line)?.[0])).toEqual(
    expect.arrayContaining(['6 experiences', '5 experiences']),
  );
  await expect(run('--sdk-key', '1001/9', ...at)).rejects.toThrow('answered 404 (check sdkKey)');
});

it('says what is wrong, and with which file', async () => {
  await expect(run()).rejects.toThrow('no project. Give one of');
  await expect(run('--project', project, '--sdk-key', '1/2')).rejects.toThrow('give one of them');
  await expect(run('--project', project)).rejects.toThrow(`project file ${project} cannot be read`);
  writeFileSync(project, '{');
  await expect(run('--project', project)).rejects.toThrow(`project file ${project} is not JSON`);
  await expect(run('--projet', project)).rejects.toThrow("Unknown option '--projet'");
  write((config) => (config.features![1]!.key = null as never));
  await run('--project', project);
  expect(told.stderr).toBe('features[1].key is null: it is left out\n');
  await expect(types.run(['--project', project, '--out', `${out}/x`])).rejects.toThrow(`${out}/x (ENOTDIR)`);
  const missing = join(dirname(out), 'src', 'convert.d.ts');
  await expect(types.run(['--project', project, '--out', missing])).rejects.toThrow(
    `can not write ${missing}: there is no folder ${dirname(missing)}`,
  );
});

it('waits for the config endpoint, as the command of a process of its own', async () => {
  const { port } = server.address() as AddressInfo;
  const args = [
    'types',
    '--sdk-key',
    '1001/2002',
    '--config-endpoint',
    `http://127.0.0.1:${port}/`,
    '--out',
    out,
  ];
  const command = spawn(process.execPath, [join(ROOT, 'dist/cli.mjs'), ...args], { stdio: 'ignore' });
  expect(await once(command, 'exit')).toEqual([0, null]);
  expect(read()).toContain("'homepage-hero': 'original' | 'version-b';");
});
