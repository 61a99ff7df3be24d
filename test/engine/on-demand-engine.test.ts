/** When the engine of `createConvert` loads what regular expressions need. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compilePlan } from '../../src/engine/compile-plan.js';
import { compileProject } from '../../src/engine/compiled-project.js';
import { onDemandEngine } from '../../src/engine/on-demand-engine.js';
import { compileRegex } from '../../src/engine/regex/safe-regex.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { validateProject } from '../../src/project/parse-config.js';
import { LazyModule } from '../../src/utils/lazy-module.js';
import { rules, testProject } from '../support/project.js';
import { engineConformance, visitor } from './conformance.js';
import { oddConfig } from './odd-configs.js';

function setUp(
  module: () => Promise<{ compileRegex: typeof compileRegex }> = async () => ({ compileRegex }),
) {
  const load = vi.fn(module);
  const compiler = new LazyModule(() => Promise.resolve({ compileProject }));
  return { engine: onDemandEngine({}, { compiler, regexes: new LazyModule(load) }), load };
}

const PATTERN = rules({ key: 'path', value: '^/(pricing|plans)$', match: 'regexMatches' });

/** Where rules stand in a config. */
const PLACES: readonly [place: string, put: (config: ProjectConfig) => unknown][] = [
  ['a location', ({ locations }) => (locations![0]!.rules = PATTERN)],
  ['an audience', ({ audiences }) => (audiences![0]!.rules = PATTERN)],
  ['a segment', ({ segments }) => (segments![0]!.rules = PATTERN)],
  ['a goal', ({ goals }) => (goals![0]!.rules = PATTERN)],
  ['a site area', ({ experiences }) => (experiences![0]!.site_area = PATTERN)],
];

function projectWith(put: (config: ProjectConfig) => unknown): ProjectConfig {
  const config = testProject();
  put(config);
  return validateProject(config, 'the test');
}

const NOT_LOADED = expect.objectContaining({ code: 'CONVERT_NOT_LOADED' }) as Error;

const prepared = setUp().engine;
await prepared.prepare?.(testProject());
engineConformance(prepared, { explainsRules: true });

describe('without a regular expression in the config', () => {
  it('G5: what regular expressions need is not loaded', async () => {
    const { engine, load } = setUp();
    // The name of the operator stands in a value only.
    const config = projectWith(({ audiences }) => {
      audiences![0]!.rules = rules({ key: 'path', value: '"match_type":"regexMatches"' });
    });
    expect(() => engine.load(config)).toThrow(NOT_LOADED);
    await engine.prepare?.(config);
    expect(engine.prepare?.(config)).toBeUndefined();
    expect(engine.load(config).experience('homepage-hero', visitor({}), {}).reason).toBe('bucketed');
    expect(load).not.toHaveBeenCalled();
  });
});

describe('with a regular expression in the config', () => {
  it.each(PLACES)('G5: of %s, what it needs is loaded before', async (_place, put) => {
    const { engine, load } = setUp();
    const config = projectWith(put);
    const waiting = engine.prepare?.(config);
    expect(waiting).toBeInstanceOf(Promise);
    // Without it, the config would decide otherwise.
    expect(() => engine.load(config)).toThrow(NOT_LOADED);
    await waiting;
    expect(load).toHaveBeenCalledTimes(1);
    expect(engine.load(config).warnings).toEqual([]);
    expect(engine.prepare?.(config)).toBeUndefined();
  });

  it('decides as the compiled engine does', async () => {
    const { engine } = setUp();
    const config = projectWith(({ experiences }) => (experiences![0]!.site_area = PATTERN));
    await engine.prepare?.(config);
    const reasonAt = (path: string) =>
      engine.load(config).experience('homepage-hero', visitor({ location: { path } }), {}).reason;
    expect(['/plans', '/elsewhere'].map(reasonAt)).toEqual(['bucketed', 'location']);
  });

  it('G5: is refused with the reason if that can not be loaded', async () => {
    const { engine } = setUp(() => Promise.reject(new Error("Cannot find package 're2js'")));
    const config = projectWith(({ experiences }) => (experiences![0]!.site_area = PATTERN));
    await expect(engine.prepare?.(config)).rejects.toMatchObject({
      code: 'CONVERT_NOT_LOADED',
      message: expect.stringContaining("Cannot find package 're2js'") as string,
    });
  });

  it('is seen wherever the compiler meets one', () => {
    let met = 0;
    fc.assert(
      fc.property(oddConfig, (given) => {
        let config;
        try {
          config = validateProject(JSON.parse(JSON.stringify(given)), 'the test');
        } catch {
          return;
        }
        const compile = vi.fn(compileRegex);
        compilePlan(config, { compileRegex: compile });
        if (compile.mock.calls.length === 0) return;
        met++;
        const { engine, load } = setUp();
        void engine.prepare?.(config);
        expect(load).toHaveBeenCalledTimes(1);
      }),
      { numRuns: 200 },
    );
    expect(met).toBeGreaterThan(8);
  });
});
