/** Apps in plain JavaScript that have the package installed: ESM, CommonJS, and both at once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import { runScript } from './commands.js';
import { FRAMEWORKS, installFlat, SDK } from './layouts.js';
import type { WhenPacked } from './suite.js';

interface Answer {
  /** The key of the variation. */
  body: string;
  cookies: string[];
}

export interface Report {
  newcomer: Answer;
  mary: Answer;
  delivered: number;
}

/** What every app says, whatever its framework and build: the hash of the id decides, so Mary's variation is one. */
export const REPORT = {
  newcomer: {
    body: expect.stringMatching(/^(original|version-b)$/) as string,
    cookies: ['cv_vid', 'cv_ses'],
  },
  mary: { body: 'version-b', cookies: ['cv_ses'] },
  delivered: 2,
};

export const SCRIPTS = FRAMEWORKS.flatMap((framework) => [`${framework}.mjs`, `${framework}.cjs`]);

/** @param alone the scripts are run with the current major of their framework, and nothing else */
export function appSuite(
  packed: WhenPacked,
  scripts: readonly string[] = SCRIPTS,
  { alone = false }: { alone?: boolean } = {},
): void {
  const frameworks = FRAMEWORKS.filter((name) => scripts.some((script) => script.startsWith(name)));
  let collector: Collector | undefined;
  let current = '';
  let older = '';
  let env: Record<string, string> = {};
  beforeAll(async () => {
    const { temp, tarball } = packed();
    collector = await startCollector();
    env = { TRACK: collector.origin };
    current = installFlat(temp, tarball, { name: 'current', packages: [...FRAMEWORKS, SDK] });
    if (alone) return;
    older = installFlat(temp, tarball, {
      name: 'older',
      packages: ['express', 'koa', SDK],
      aliases: { express: 'express4', koa: 'koa2' },
    });
  });
  afterAll(() => collector?.close());

  it.concurrent.each(scripts)('%s', async (script) => {
    expect(await runScript<Report>(current, [script], env)).toEqual(REPORT);
  });
  if (alone) return;

  it.concurrent.each(scripts.filter((script) => !script.startsWith('fastify')))(
    '%s with the older major of the framework',
    async (script) => {
      expect(await runScript<Report>(older, [script], env)).toEqual(REPORT);
    },
  );

  describe('with both builds in one process', () => {
    it.concurrent.each(frameworks)('%s', async (framework) => {
      expect(await runScript(current, ['mixed.mjs', framework], env)).toEqual({
        cjsConvertInEsmAdapter: 'version-b mary',
        esmConvertInCjsAdapter: 'version-b mary',
        cjsMountedFirst: expect.stringMatching(/ first$/) as string,
        esmMountedFirst: expect.stringMatching(/ first$/) as string,
        warnings: [0, 1].map(() => expect.stringContaining('mounted twice') as string),
      });
    });
  });
}
