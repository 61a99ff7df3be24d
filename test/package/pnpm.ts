/** The layout of pnpm: types that we add to are found, and the package runs, from a virtual store. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Collector, startCollector } from '../support/collector.js';
import { REPORT, type Report, SCRIPTS } from './apps.js';
import { compile, runScript } from './commands.js';
import { addProgram, FRAMEWORKS, installPnpm, SDK, TYPES } from './layouts.js';
import type { WhenPacked } from './suite.js';

export function pnpmSuite(packed: WhenPacked): void {
  let app = '';
  let collector: Collector | undefined;
  beforeAll(async () => {
    const { temp, tarball } = packed();
    collector = await startCollector();
    app = installPnpm(temp, tarball, [...FRAMEWORKS, SDK, ...TYPES]);
  });
  afterAll(() => collector?.close());

  it.concurrent.each(SCRIPTS)('%s', async (script) => {
    expect(await runScript<Report>(app, [script], { TRACK: collector?.origin ?? '' })).toEqual(REPORT);
  });

  it.concurrent('types', async () => {
    const files = ['core.ts', 'express.ts', 'koa.ts', 'fastify.ts'];
    expect(await compile(addProgram(app, 'types', files, { module: 'nodenext' }))).toBe('');
  });
}
