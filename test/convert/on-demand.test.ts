/** What a Convert loads when it is needed, and what requests see meanwhile. Each case begins with nothing loaded. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Convert, createConvert } from '../../src/convert/convert.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ProjectSink } from '../../src/project/types.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { FakeResponse } from '../support/http.js';
import { rules, testProject } from '../support/project.js';

const PARSER = '../../src/request/user-agent/parse-user-agent.js';
const REGEXES = '../../src/engine/regex/safe-regex.js';
const PHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

let collector: Collector;
let logged: string[];
let convert: Convert | undefined;

beforeEach(async () => {
  vi.resetModules();
  collector = await startCollector();
  logged = [];
});
afterEach(async () => {
  vi.doUnmock(PARSER);
  vi.doUnmock(REGEXES);
  await convert?.close({ timeout: 100 });
  await collector.close();
});

type Options = Parameters<typeof createConvert>[0];

/** Makes a Convert of modules that were not loaded before. */
async function create(project: NonNullable<Options>['project'], more: Options = {}): Promise<Convert> {
  const fresh = await import('../../src/convert/convert.js');
  const log = (message: string): void => void logged.push(message);
  convert = fresh.createConvert({
    project,
    endpoints: { track: collector.origin },
    delivery: { linger: 5 },
    visitor: { id: () => 'mary' },
    logger: { error: log, warn: log },
    readyTimeout: 60_000,
    ...more,
  });
  return convert;
}

/** Experience `homepage-hero` is for paths that a regular expression matches, `featured` for phones. */
function projectWith(pattern?: string): ProjectConfig {
  const config = testProject();
  const [hero, , , featured] = config.experiences!;
  if (pattern !== undefined) hero!.site_area = rules({ key: 'path', value: pattern, match: 'regexMatches' });
  featured!.site_area = null;
  featured!.audiences = ['phones'];
  config.audiences!.push({ id: 'phones', key: 'phones', rules: rules({ key: 'device', value: 'mobile' }) });
  return config;
}

const visit = (made: Convert) => made.open(incoming({ 'user-agent': PHONE }), new FakeResponse());

describe('the first request right after the start', () => {
  it.each([
    ['without regular expressions', undefined],
    ['with a regular expression', '^/(home)?$'],
    ['with one that RE2 runs', '^/(h*)*$'],
  ])('G5: is decided by its device, and tells it (%s)', async (_what, pattern) => {
    const context = await visit(await create(projectWith(pattern)));
    expect(context.explain('featured').reason).toBe('bucketed');
    expect(context.runExperience('homepage-hero')).not.toBeNull();
    expect(context.visitorProperties).toMatchObject({ browser: 'safari', device: 'mobile', os: 'ios' });
    await context.flush();
    expect(collector.exposures()[0]?.segments).toMatchObject({ browser: 'SF', devices: ['ALLPH', 'IPH'] });
    expect(logged).toEqual([]);
  });

  it('G5: is decided by the regular expression', async () => {
    const context = await visit(await create(projectWith('^/elsewhere$')));
    expect(context.explain('homepage-hero').reason).toBe('location');
  });
});

describe('configs', () => {
  it('G5: come into force in their order, with and without regular expressions', async () => {
    let sink: ProjectSink | undefined;
    const made = await create({
      description: 'the test',
      start: (given: ProjectSink) => void (sink = given),
      stop() {},
    });
    const versions: unknown[] = [];
    for (const name of ['ready', 'config'] as const) made.on(name, ({ version }) => versions.push(version));
    for (const [index, pattern] of ['^/a', undefined, '^/b', undefined].entries()) {
      const config = projectWith(pattern);
      config.project.settings = { version: index };
      sink!.config(config);
    }
    await made.ready();
    await vi.waitFor(() => expect(versions).toEqual(['0', '1', '2', '3']));
    sink!.config({ ...projectWith('^/c'), project: { id: '2002', settings: { version: 4 } } });
    expect(made.stats().project.version).toBe('4');
  });
});

describe('a part that can not be loaded', () => {
  it.each([
    ['what tells clients apart', PARSER],
    ['the outbox', '../../src/delivery/memory-outbox.js'],
    ['the engine', '../../src/engine/compiled-project.js'],
  ])('G5: %s: no config is taken over, and the operator is told', async (_what, module) => {
    vi.doMock(module, () => {
      throw new Error('Cannot find package');
    });
    const made = await create(projectWith(), { readyTimeout: 10 });
    const context = await visit(made);
    expect(context.runExperience('homepage-hero')).toBeNull();
    context.trackConversion('purchase');
    await vi.waitFor(() => expect(logged).toHaveLength(1));
    expect(logged[0]).toMatch(
      /^convert: a part of .* can not be loaded, so the project config is not taken over: /,
    );
    expect(context.explain('homepage-hero').reason).toBe('not-ready');
    expect(await made.close()).toMatchObject({ accepted: 1, dropped: 1, reasons: { 'not-ready': 1 } });
    vi.doUnmock(module);
  });

  it('G5: regular expressions: the config is not taken over, and the operator is told', async () => {
    vi.doMock(REGEXES, () => {
      throw new Error("Cannot find package 're2js'");
    });
    let sink: ProjectSink | undefined;
    const made = await create({
      description: 'the test',
      start: (given: ProjectSink) => void (sink = given),
      stop() {},
    });
    sink!.config(projectWith());
    await made.ready();
    sink!.config(projectWith('^/'));
    await vi.waitFor(() => expect(logged).toHaveLength(1));
    expect(logged[0]).toContain('a part of the engine can not be loaded');
    expect((await visit(made)).runExperience('homepage-hero')).not.toBeNull();
    expect(made.stats().project).toMatchObject({ changes: 0, failures: 1 });
  });
});
