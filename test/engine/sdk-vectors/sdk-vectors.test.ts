/**
 * Hashes, shares of the traffic, operators and nested rules against figures that the official SDK 4.4.3 gave (see
 * `make.js`). The SDK is asked again, too, so that a new version that moves visitors is noticed.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compiledEngine } from '../../../src/engine/compiled-engine.js';
import { murmur3 } from '../../../src/engine/murmur3.js';
import { sdkEngine } from '../../../src/integrations/convert-sdk/sdk-engine.js';
import type { ProjectConfig } from '../../../src/model/project-config.js';
import { ConvertSDK, placeOf } from '../../parity/sdk.js';
import { visitor } from '../conformance.js';
import { allocationConfig, ruleConfig } from './configs.js';

type Fields = Record<string, unknown>;

interface Vectors {
  readonly experiences: readonly string[];
  /** For each visitor, their place in the traffic of each experience. */
  readonly places: readonly (readonly [visitorId: string, places: readonly number[]])[];
  readonly visitors: readonly string[];
  readonly allocations: readonly {
    readonly title: string;
    readonly variations: readonly (readonly [id: string, share: unknown])[];
    readonly decided: readonly (string | null)[];
  }[];
  readonly expected: readonly unknown[];
  readonly found: readonly unknown[];
  readonly operators: readonly { match: string; negated: boolean; matches: readonly string[] }[];
  readonly properties: readonly Fields[];
  readonly rules: readonly { title: string; rules: unknown; matches: string }[];
}

// The file is not imported, because Vite reads no JSON with lone surrogates.
const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors;

describe('hashes', () => {
  it.each(vectors.places)('of a visitor %j', (visitorId, places) => {
    for (const [nth, experienceId] of vectors.experiences.entries()) {
      const hash = murmur3(experienceId + visitorId, 9999);
      expect(Math.floor((hash / 2 ** 32) * 10_000)).toBe(places[nth]);
      expect(placeOf(experienceId, visitorId)).toBe(places[nth]);
    }
  });
});

describe.each([compiledEngine(), sdkEngine(ConvertSDK as never)])('the engine $name', (engine) => {
  const deciderOf = (config: unknown) => {
    const project = engine.load(config as ProjectConfig);
    return (id: string, properties: Fields): string | null =>
      project.experience('e', visitor({ id, location: {}, visitor: properties }), {}).variation?.id ?? null;
  };
  /** A digit for each set of properties: 1 if the rules are met. */
  const matches = (rules: unknown, all: readonly Fields[]): string => {
    const decide = deciderOf(ruleConfig(rules));
    return all.map((properties) => (decide('v', properties) === null ? '0' : '1')).join('');
  };

  it.each(vectors.allocations)('shares the traffic: $title', ({ variations, decided }) => {
    const decide = deciderOf(allocationConfig(variations));
    expect(vectors.visitors.map((id) => decide(id, {}))).toEqual(decided);
  });

  it.each(vectors.operators)(
    'compares: $match, negated: $negated',
    ({ match, negated, matches: expected }) => {
      const found: Fields[] = [...vectors.found.map((p) => ({ p })), { other: 1 }];
      const answers = vectors.expected.map((value) => {
        const rule = {
          rule_type: 'generic_text_key_value',
          key: 'p',
          value,
          matching: { match_type: match, negated },
        };
        return matches({ OR: [{ AND: [{ OR_WHEN: [rule] }] }] }, found);
      });
      expect(answers).toEqual(expected);
    },
  );

  it.each(vectors.rules)('joins rules: $title', ({ rules, matches: expected }) => {
    expect(matches(rules, vectors.properties)).toBe(expected);
  });
});
