/** Tests that count which variations many visitors get, against what the config says. */
import { expect, it } from 'vitest';
import { compiledEngine } from '../../src/engine/compiled-engine.js';
import type { ExperienceConfig, ProjectConfig, VariationConfig } from '../../src/model/project-config.js';
import { visitor } from './conformance.js';

const experience = (variations: unknown, version: unknown): ExperienceConfig =>
  ({ id: '900000001', key: 'e', version, variations }) as ExperienceConfig;

/** Upper 0.1 % of the chi-square distribution, by degrees of freedom. */
const CHI_SQUARE: Record<number, number> = { 1: 10.828, 2: 13.816, 3: 16.266, 4: 18.467 };
/** Over so many visitors, who are the same in each run. */
export function trafficSuite(visitors: number): void {
  const shares = [
    [50, 50],
    [10, 20, 30],
    [33.34, 33.33, 33.33],
    [5, 5],
    [1, 2, 4, 8],
  ];
  const layouts = [8, 12].flatMap((version) => shares.map((each) => ({ version, shares: each })));

  it.each(layouts)('is shared as the config says: version $version, $shares %', ({ version, shares }) => {
    const variations = shares.map((share, index): VariationConfig => {
      return { id: `v${index}`, key: `v${index}`, status: 'running', traffic_allocation: share };
    });
    const project = compiledEngine().load(projectOf(experience(variations, version)));
    const counts = new Map<string, number>();
    for (let n = 0; n < visitors; n++) {
      const key = project.experience('e', visitor({ id: `visitor-${n}` }), {}).variation?.key ?? 'none';
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const rest = 100 - shares.reduce((sum, share) => sum + share, 0);
    const expected = [
      ...shares.map((share, index) => [`v${index}`, share] as const),
      ['none', rest] as const,
    ];
    const cells = expected.filter(([, share]) => share > 1e-9);
    const chiSquare = cells
      .map(([key, share]) => ({ seen: counts.get(key) ?? 0, meant: (share / 100) * visitors }))
      .reduce((sum, { seen, meant }) => sum + (seen - meant) ** 2 / meant, 0);
    expect(chiSquare).toBeLessThan(CHI_SQUARE[cells.length - 1]!);
  });

  it('moves nobody when it is raised, where the layout is anchored', () => {
    const withShares = (...given: number[]) =>
      compiledEngine().load(
        projectOf(
          experience(
            given.map((share, index) => ({ id: `v${index}`, key: `v${index}`, traffic_allocation: share })),
            12,
          ),
        ),
      );
    // Twice, four and ten times as much, in the same proportions.
    const raised = [1, 2, 4, 10].map((factor) => withShares(1 * factor, 3 * factor, 6 * factor));
    let seen = 0;
    for (let n = 0; n < visitors / 10; n++) {
      const subject = visitor({ id: `visitor-${n}` });
      let before: string | undefined;
      for (const project of raised) {
        const now = project.experience('e', subject, {}).variation?.key;
        if (before !== undefined) expect(now).toBe(before);
        before = now;
      }
      if (before !== undefined) seen++;
    }
    expect(seen).toBe(visitors / 10);
  });
}

function projectOf(...experiences: ExperienceConfig[]): ProjectConfig {
  return { account_id: '1', project: { id: '2' }, experiences };
}
