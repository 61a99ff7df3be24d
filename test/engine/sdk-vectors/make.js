/**
 * Writes `vectors.json`: inputs, and what the official SDK answers to them. A new SDK that answers otherwise is seen in
 * the difference.
 *
 *     node test/engine/sdk-vectors/make.js
 */
import { writeFileSync } from 'node:fs';
import ConvertSDKModule from '@convertcom/js-sdk';
import { allocationConfig, ruleConfig } from './configs.js';

const ConvertSDK = ConvertSDKModule.default ?? ConvertSDKModule;

/** The names of the SDK's comparisons. */
const OPERATORS = [
  ...['equals', 'equalsNumber', 'matches', 'less', 'lessEqual', 'contains', 'isIn', 'startsWith', 'endsWith'],
  ...['regexMatches', 'exists', 'not_exists', 'doesNotExist'],
];
/** The values that rules expect. */
const EXPECTED = ['US', 'us|ca', '', ' ', '5', '1,234.5', '^\\d+$', 'É', 5, 0, true, null, ['us', 'ca']];
/** The values that a property has. The last one is a property that is missing. */
const FOUND = [
  ...['US', 'us', 'USA', '', ' ', '5', '5.0', '1234.5', '1,234.5', 'é', '😀', 'us|de'],
  ...[5, 0, -1, 1234.5, true, false, null, [], ['US', 5], { US: 1 }, {}],
];

/** Ids of visitors in many scripts: one, two, three and four bytes in UTF-8, and surrogates that stand alone. */
const VISITORS = [
  ...['', '0', 'a', 'ab', 'abc', 'abcd', 'visitor-1', 'VISITOR-1', '3f2b1c9a-7d1e-4c55-9b52-1f0c9a2b7d11'],
  ...['ünïcödé', 'Ω', 'Жук', 'שלום', 'مرحبا', 'नमस्ते', 'สวัสดี', '訪問者', 'こんにちは', '방문자'],
  ...['😀', '👩‍👩‍👧', '🇩🇪', '\ud83d', '\ude00', 'a\u0000b', 'é', 'e\u0301', '\ufeffx', 'a b\tc', '<>&"'],
  ...Array.from({ length: 40 }, (_, nth) => `user-${nth * 7919}`),
];
const EXPERIENCES = ['1', '100234567', 'é1'];

/** Shares of the traffic, by variation id. Ids that are whole numbers come in their own order. */
const ALLOCATIONS = {
  halves: { 11: 50, 12: 50 },
  'a tenth each': { 11: 10, 12: 10 },
  'ids out of order': { 12: 20, 11: 30, 9: 50 },
  'ids that are text': { b: 25, a: 25, 1: 25 },
  fractions: { 11: 33.33, 12: 33.33, 13: 33.34 },
  'a share of zero, and one that is missing': { 11: 0, 12: 40, 13: undefined },
  'a share of null': { 11: null, 12: 60 },
  'a share that is text': { 11: '50', 12: '50' },
};

/** Rules with several parts. `[all of [any of [all of [...]]]]` is written as the config has it: OR, AND, OR_WHEN. */
const part = (key, value, match = 'equals', negated = false) => ({
  rule_type: 'generic_text_key_value',
  key,
  value,
  matching: { match_type: match, negated },
});
const all = (...parts) => ({ AND: parts.map((each) => ({ OR_WHEN: [each].flat() })) });
const RULES = {
  both: { OR: [all(part('a', '1'), part('b', '2'))] },
  either: { OR: [all(part('a', '1')), all(part('b', '2'))] },
  'one of a list': { OR: [all([part('a', '1'), part('a', '2')], part('b', '2'))] },
  'one of a list, negated': { OR: [all([part('a', '1', 'equals', true), part('b', '2', 'equals', true)])] },
  'a missing property, negated': { OR: [all(part('c', '1', 'equals', true))] },
  'a missing property that must not exist': { OR: [all(part('c', '', 'doesNotExist'))] },
  'nothing in OR': { OR: [] },
  'nothing in AND': { OR: [{ AND: [] }] },
  'nothing in OR_WHEN': { OR: [{ AND: [{ OR_WHEN: [] }] }] },
  'no rules': {},
};
const PROPERTIES = [
  {},
  { a: '1' },
  { b: '2' },
  { a: '1', b: '2' },
  { a: '2', b: '2' },
  { A: '1', b: '2' },
  { c: '' },
];

function sdkOf(config) {
  return new ConvertSDK({
    data: config,
    environment: '',
    network: { tracking: false },
    logger: { logLevel: 5, customLoggers: [] },
  });
}

/** The variation's id; null if there is none. An error of a rule counts as none. */
function decide(sdk, visitorId, visitorProperties) {
  const found = sdk
    .createContext(visitorId)
    .runExperience('e', { locationProperties: {}, visitorProperties });
  return typeof found === 'object' && found !== null && 'id' in found ? String(found.id) : null;
}

const bits = (answers) => answers.map((answer) => (answer === null ? '0' : '1')).join('');

const place = (experienceId, visitorId) =>
  sdkOf(ruleConfig(RULES['no rules']))._dataManager._bucketingManager.getValueVisitorBased(visitorId, {
    experienceId,
  });

const vectors = {
  places: VISITORS.map((visitorId) => [visitorId, EXPERIENCES.map((id) => place(id, visitorId))]),
  experiences: EXPERIENCES,
  allocations: Object.entries(ALLOCATIONS).map(([title, shares]) => {
    const variations = Object.entries(shares).map(([id, share]) => [
      id,
      share === undefined ? 'missing' : share,
    ]);
    const config = () => allocationConfig(variations);
    return {
      title,
      variations,
      decided: VISITORS.filter(Boolean).map((id) => decide(sdkOf(config()), id, {})),
    };
  }),
  visitors: VISITORS.filter(Boolean),
  expected: EXPECTED,
  found: FOUND,
  operators: OPERATORS.flatMap((match) =>
    [false, true].map((negated) => ({
      match,
      negated,
      // For each expected value a text with a digit for each value found; the last digit is for a missing property.
      matches: EXPECTED.map((expected) => {
        const sdk = () => sdkOf(ruleConfig({ OR: [all(part('p', expected, match, negated))] }));
        return bits([...FOUND.map((p) => decide(sdk(), 'v', { p })), decide(sdk(), 'v', { other: 1 })]);
      }),
    })),
  ),
  properties: PROPERTIES,
  rules: Object.entries(RULES).map(([title, rules]) => ({
    title,
    rules,
    matches: bits(PROPERTIES.map((properties) => decide(sdkOf(ruleConfig(rules)), 'v', properties))),
  })),
};
writeFileSync(new URL('vectors.json', import.meta.url), `${JSON.stringify(vectors, undefined, 2)}\n`);
