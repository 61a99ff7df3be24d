/** Rules of locations, audiences, segments and goals, as the UI makes them and as it never would. */
import type fc from 'fast-check';
import {
  askedName,
  common,
  jsonValue,
  KEPT,
  listOf,
  NUMERIC,
  numeric,
  oneOf,
  pick,
  recordOf,
  THROUGH,
} from './values.js';

/** All names that the official SDK takes for an operator, the last one by accident. */
export const OPERATORS = [
  ...['equals', 'equalsNumber', 'matches', 'less', 'lessEqual', 'contains', 'isIn', 'startsWith', 'endsWith'],
  ...['regexMatches', 'exists', 'not_exists', 'doesNotExist', '_returnNegationCheck'],
] as const;

const UNKNOWN_OPERATORS = ['is', 'EQUALS', '', 'length', 'name', 'prototype', 'constructor', '__proto__'];

/**
 * Patterns that every engine of regular expressions answers alike, and at once: which ones are refused, or run on
 * another engine, has tests of its own.
 */
const pattern: fc.Arbitrary<unknown> = oneOf<unknown>(
  ...['a', '^a', 'b$', '^[0-9]+$', 'a|b', '[a-c]', '.', '', 'A.?', '\\d', '^$', 'us|ca', 'É', '[^a]', 'x*'],
  ...['(', '[', '\\', '*', 'a{2', '(?<', 5, 0, null, true, ['a'], {}, [], '\\p', 'é', '😀', '\\ud83d'],
  ...['^5$', '^.$', '\\W'],
);

/** Rules that the SDK calls invalid, or fails on. */
const oddRule: fc.Arbitrary<unknown> = oneOf<unknown>(
  ...[{}, null, 'a', 5, true, [], { key: 'a', value: 'a' }, { key: 'a', value: 'a', matching: {} }],
  { key: 'a', value: 'a', matching: null },
  { key: 'a', value: 'a', matching: 'equals' },
  { key: 'a', value: 'a', matching: { match_type: 'equals' } },
  { key: 'a', value: 'a', matching: { match_type: 'equals', negated: null } },
  { key: 'a', value: 'a', matching: { match_type: 'equals', negated: 'false' } },
  { key: 'a', value: 'a', matching: { match_type: 5, negated: false } },
  { key: 'a', value: 'a', matching: ['equals', false] },
  { key: 'a', matching: { match_type: 'equals', negated: true } },
  { key: 'a', matching: { match_type: 'not_exists', negated: false } },
);

/** A text where there is one: on another type the SDK throws, if it takes the properties for an object with methods. */
const ruleType = pick<unknown>(
  [6, oneOf<unknown>('generic_text_key_value')],
  [
    2,
    oneOf<unknown>(
      'generic_numeric_key_value',
      'generic_bool_key_value',
      'cookie',
      'country',
      'js_condition',
    ),
  ],
  [1, oneOf<unknown>(undefined, null, '', 'to_string')],
);

const key: fc.Arbitrary<unknown> = pick<unknown>(
  [20, askedName],
  [1, oneOf<unknown>(undefined, null, 5, true, ['a'], {})],
);

const negated: fc.Arbitrary<unknown> = oneOf<unknown>(false, false, true);

const plainRule = recordOf<object>({
  rule_type: ruleType,
  key,
  value: jsonValue,
  matching: recordOf<object>({
    match_type: pick<unknown>([30, oneOf<unknown>(...OPERATORS)], [1, oneOf<unknown>(...UNKNOWN_OPERATORS)]),
    negated,
  }),
}).map((rule) => withoutPattern(rule));

const patternRule = recordOf<object>({
  rule_type: ruleType,
  key,
  value: pattern,
  matching: recordOf<object>({ match_type: oneOf<unknown>('regexMatches'), negated }),
});

const absenceRule = recordOf<object>({
  rule_type: ruleType,
  key,
  matching: recordOf<object>({ match_type: oneOf<unknown>('exists', 'doesNotExist'), negated }),
});

/** Its outcome is what the property holds: an error of the SDK, or something else that is neither true nor false. */
const throughRule = recordOf<object>({
  key: oneOf<unknown>(THROUGH),
  value: oneOf<unknown>(false, 0, '', null, true),
  matching: recordOf<object>({ match_type: oneOf<unknown>('_returnNegationCheck'), negated }),
});

const numericRule = recordOf<object>({
  key: oneOf<unknown>(NUMERIC),
  value: numeric,
  matching: recordOf<object>({ match_type: oneOf<unknown>('less', 'lessEqual', 'equalsNumber'), negated }),
});

const textRule = recordOf<object>({
  key,
  value: oneOf<unknown>(
    'a',
    '',
    ' ',
    '\t\n',
    'B',
    'us|ca',
    'US|CA',
    'a|b',
    '|',
    'é',
    '\ufeff',
    ['a', 'B'],
    [5],
  ),
  matching: recordOf<object>({
    match_type: oneOf<unknown>('contains', 'isIn', 'startsWith', 'endsWith'),
    negated,
  }),
});

const rule: fc.Arbitrary<unknown> = pick<unknown>(
  [30, plainRule],
  [3, textRule],
  [2, numericRule],
  [3, patternRule],
  [2, absenceRule],
  [2, throughRule],
  [1, oddRule],
);

/** A pattern of any text could be one that we refuse. */
function withoutPattern(given: object): object {
  const { value, matching } = given as { value: unknown; matching: { match_type: unknown } };
  if (matching.match_type !== 'regexMatches' || typeof value !== 'string') return given;
  return { ...given, value: value.replace(/[^\p{L}\p{N}]/gu, '') };
}

const oddLevel: fc.Arbitrary<unknown> = oneOf<unknown>(
  ...[{}, null, 'OR', 5, [], { OR: [], AND: [], OR_WHEN: [] }, { OR: null, AND: null, OR_WHEN: null }],
  ...[{ OR: {}, AND: {}, OR_WHEN: 'x' }, { or: [], and: [], or_when: [] }, { OR: [null] }, { AND: [null] }],
);

/** A level of rules: `{ [name]: [part, ...] }`. */
const level = (name: 'OR' | 'AND' | 'OR_WHEN', part: fc.Arbitrary<unknown>, max: number) =>
  pick<unknown>([60, listOf(part, 1, max).map((parts) => ({ [name]: parts }))], [1, oddLevel]);

/** Rules that most visitors match, so that not everything ends there. */
const lenientRuleSet = recordOf<object>({
  key: oneOf('a', 'b', 'c', KEPT),
  value: common,
  matching: oneOf<unknown>({ match_type: 'exists', negated: false }, { match_type: 'equals', negated: true }),
}).map((lenient) => ({ OR: [{ AND: [{ OR_WHEN: [lenient] }] }] }));

export const ruleSet: fc.Arbitrary<unknown> = pick<unknown>(
  [40, level('OR', level('AND', level('OR_WHEN', rule, 3), 2), 2)],
  [16, lenientRuleSet],
  [3, oneOf<unknown>(undefined, null)],
  [1, oneOf<unknown>({}, [], 'rules', '', 0, false, 5, true, { OR: [] }, { OR: [{ AND: [] }] })],
);
