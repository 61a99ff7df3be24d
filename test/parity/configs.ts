/** Project configs: a few entities with colliding ids, keys and references, and fields of every shape. */
import fc from 'fast-check';
import { ruleSet } from './rules.js';
import { placeOf } from './sdk.js';
import { jsonValue, listOf, oneOf, pick, recordOf, sometimes } from './values.js';

/** Those that the entities of a list get, in order, where they don't get an odd one. */
export const EXPERIENCE_IDS = ['1', '20', '3', 'e', 'E', '10'];
export const EXPERIENCE_KEYS = ['one', 'two', 'three', 'four', 'One', 'six'];
export const VARIATION_IDS = ['11', '2', 'v', 'V', '10'];
export const AUDIENCE_IDS = ['31', 'au', '5', 'AU'];
export const SEGMENT_IDS = ['41', 'se', '6'];
export const SEGMENT_KEYS = ['seg-one', 'seg-two', 'seg-three'];
export const LOCATION_IDS = ['51', 'lo', '7'];
export const LOCATION_KEYS = ['loc-one', 'loc-two', 'loc-three'];
export const GOAL_KEYS = ['goal-one', 'goal-two', 'Goal-One'];
export const FEATURE_IDS = ['61', 'fe', '8'];
export const FEATURE_KEYS = ['feature-one', 'feature-two', 'Feature-One'];
export const ENVIRONMENTS = ['staging', 'live'];

/** Visitors of whom it is known where they stand in the traffic. */
export const KNOWN_VISITORS = ['v0', 'v1', 'v2'];

/** Shares that end at a known visitor, or beside them. */
const EDGES = EXPERIENCE_IDS.flatMap((id) =>
  KNOWN_VISITORS.flatMap((visitor) => {
    const place = placeOf(id, visitor);
    return [place / 100, (place + 1) / 100];
  }),
);

/** Ids that are easily mistaken for something else. */
const ODD_IDS = [
  ...[1, '01', '1.5', 2.5, 'constructor', 'toString', 'undefined', 'null', 'NaN'],
  ...['-1', 'é', '1', '11'],
];

/** JSON that can't be written as text, nor as a number. As an id, a key or a share it is too much for the SDK. */
const NO_TEXT = { toString: 1, valueOf: 1 };

type Fields = Record<string, unknown>;

/** Entities get the id and the key of their place in the list, but for a few. */
function entities(
  each: fc.Arbitrary<Fields>,
  { ids, keys, min = 0, odd }: { ids: string[]; keys: string[]; min?: number; odd?: fc.Arbitrary<unknown> },
): fc.Arbitrary<Fields[]> {
  const own = <T>(usual: T[], strange: readonly unknown[]): fc.Arbitrary<unknown> =>
    pick<unknown>([16, fc.constant(PLACE)], [1, oneOf<unknown>(...usual)], [1, oneOf<unknown>(...strange)]);
  const id = own(ids, ODD_IDS);
  const anyId = odd === undefined ? id : pick<unknown>([30, id], [1, odd]);
  const key = own(keys, odd === undefined ? keys : [...keys, undefined, null, 5, 'constructor', '']);
  return listOf(fc.tuple(anyId, key, each), min, ids.length).map((list) =>
    list.map(([givenId, givenKey, fields], index) => ({
      id: givenId === PLACE ? ids[index] : givenId,
      key: givenKey === PLACE ? keys[index] : givenKey,
      ...fields,
    })),
  );
}

const PLACE = Object.freeze({ place: true });

/** Ids where any JSON value can stand. */
const oddId = oneOf<unknown>(undefined, null, true, false, 0, '', {}, ['1']);

const variableType = pick<unknown>(
  [10, oneOf<unknown>('string', 'boolean', 'integer', 'float', 'json')],
  [1, oneOf<unknown>('text', undefined, null, '', 5, NO_TEXT)],
);

const variableName = oneOf('a', 'b', 'c', 'A', '1', '', 'é', 'constructor');

const declaredVariable = recordOf<Fields>({ key: variableName, type: variableType });

const feature = recordOf<Fields>({
  name: oneOf<unknown>('Feature', undefined),
  variables: pick<unknown>(
    [20, listOf(declaredVariable, 0, 4)],
    [2, oneOf<unknown>(undefined, null, [])],
    [1, oneOf<unknown>({}, 'variables', [null], [{}], 5)],
  ),
});

const variableValue = pick<unknown>(
  [4, jsonValue],
  [1, oneOf<unknown>('{"a":1}', '[1', '12px', '3.7', 'false', 'true')],
);

const variables = pick<unknown>(
  [20, listOf(fc.tuple(variableName, variableValue), 0, 3).map((all) => Object.fromEntries(all))],
  [1, oneOf<unknown>(undefined, null, {}, [], ['a'], 'a', 5)],
);

const featureId = pick<unknown>(
  [20, oneOf<unknown>(...FEATURE_IDS)],
  [1, oneOf<unknown>(8, 61, 'unknown', undefined, null, 0, '', true)],
);

const change = pick<unknown>(
  [
    20,
    recordOf<Fields>({
      id: oneOf<unknown>(1, '2'),
      type: pick<unknown>(
        [8, oneOf<unknown>('fullStackFeature')],
        [1, oneOf<unknown>('defaultCode', undefined, null)],
      ),
      data: recordOf<Fields>({ feature_id: featureId, variables_data: variables }),
    }),
  ],
  [
    1,
    oneOf<unknown>(
      {},
      null,
      'change',
      5,
      { type: 'fullStackFeature' },
      { type: 'fullStackFeature', data: null },
    ),
  ],
);

const changes = pick<unknown>(
  [2, oneOf<unknown>(undefined, [])],
  [6, listOf(change, 0, 2)],
  [
    1,
    oneOf<unknown>(null, {}, { x: { type: 'fullStackFeature', data: { feature_id: '61' } } }, 'changes', 5),
  ],
);

const trafficAllocation = pick<unknown>(
  [8, oneOf<unknown>(100, 50, undefined)],
  [4, oneOf<unknown>(...EDGES)],
  [6, oneOf<unknown>(0, 25, 33.33, 10, 0.5, 99.99, 12.5)],
  [
    1,
    oneOf<unknown>(null, '50', '', 'half', 'NaN', -5, 150, 1e-3, true, false, [50], {}, '1e1', ' 20 ', 1e9),
  ],
);

const variation = recordOf<Fields>({
  name: oneOf<unknown>('Variation', undefined, null),
  status: pick<unknown>(
    [8, oneOf<unknown>('running', undefined)],
    [2, oneOf<unknown>('stopped')],
    [1, oneOf<unknown>('', null, 'RUNNING', 5, true)],
  ),
  traffic_allocation: trafficAllocation,
  changes,
});

const variations = entities(
  fc
    .tuple(
      variation,
      sometimes(
        oneOf<Fields>(
          { custom: { a: [1] } },
          { bucketingAllocation: 5 },
          { experienceKey: 'of the variation' },
        ),
        12,
      ),
    )
    .map(([fields, others]): Fields => ({ ...fields, ...others })),
  { ids: VARIATION_IDS, keys: [...VARIATION_IDS], min: 1, odd: oddId },
);

/** With its fields in another order: the answers are the same. */
function reordered(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).reverse());
}

/** Whatever else may stand there, too. */
const references = (ids: readonly unknown[], strange: readonly unknown[]): fc.Arbitrary<unknown> =>
  pick<unknown>(
    [3, oneOf<unknown>(undefined, [])],
    [6, listOf(pick<unknown>([12, oneOf<unknown>(...ids)], [1, oneOf<unknown>(...strange)]), 1, 3)],
    [1, fc.constant(null)],
  );

const matchingOptions = pick<unknown>(
  [6, oneOf<unknown>({ matching_options: { audiences: 'any' } }, { matching_options: { audiences: 'all' } })],
  [2, oneOf<unknown>({ matching_options: { audiences: 'any', locations: 'all' } }, { matching_options: {} })],
  [
    1,
    oneOf<unknown>(
      ...[undefined, null, {}, { matching_options: null }, 'settings', { matching_options: 'all' }, []],
      ...[{ matching_options: { audiences: 'ALL' } }, { matching_options: { audiences: null } }],
    ),
  ],
);

const experience = recordOf<Fields>({
  name: oneOf<unknown>('Experience', undefined, null),
  environment: pick<unknown>(
    [24, fc.constant(undefined)],
    [4, oneOf<unknown>('staging', 'live')],
    [1, oneOf<unknown>('', null, 'Staging', 5)],
  ),
  // Those beyond 11 are laid out in another way by 5.x.
  version: oneOf<unknown>(undefined, 11, 1, '11', 'x', null, 0, -3, '', true, {}, NO_TEXT),
  locations: pick<unknown>(
    [3, fc.constant(undefined)],
    [2, references(LOCATION_IDS, ['unknown', null, 7, {}, 'padding-0', 'padding-1'])],
  ),
  site_area: pick<unknown>([5, fc.constant(undefined)], [1, ruleSet]),
  audiences: references(
    [...AUDIENCE_IDS, ...SEGMENT_IDS.slice(0, 2)],
    ['unknown', null, 5, {}, 31, 'padding-0', 'padding-1'],
  ),
  settings: matchingOptions,
  variations: pick<unknown>(
    [20, variations],
    [3, variations.map((list) => list.map(reordered))],
    [1, oneOf<unknown>(undefined, null, [])],
  ),
});

const audience = recordOf<Fields>({
  type: oneOf<unknown>('transient', 'permanent', undefined),
  rules: ruleSet,
});
const ruled = recordOf<Fields>({ name: oneOf<unknown>('Name', undefined), rules: ruleSet });
const goal = recordOf<Fields>({ type: oneOf<unknown>('advanced'), rules: ruleSet });

const archived = pick<unknown>(
  [5, oneOf<unknown>(undefined, [])],
  [2, listOf(oneOf<unknown>(...EXPERIENCE_IDS, 1, 'unknown'), 1, 2)],
  [1, fc.constant(null)],
);

const listOrNot = <T>(list: fc.Arbitrary<T>) =>
  pick<unknown>([20, list], [1, oneOf<unknown>(undefined, null, [])]);

const plainConfig: fc.Arbitrary<Fields> = recordOf<Fields>({
  account_id: oneOf<unknown>('100', 100),
  project: oneOf<unknown>({ id: '200' }, { id: 200, settings: null }),
  experiences: listOrNot(entities(experience, { ids: EXPERIENCE_IDS, keys: EXPERIENCE_KEYS, min: 2 })),
  archived_experiences: archived,
  audiences: listOrNot(entities(audience, { ids: AUDIENCE_IDS, keys: AUDIENCE_IDS, odd: oddId })),
  segments: listOrNot(entities(ruled, { ids: SEGMENT_IDS, keys: SEGMENT_KEYS, min: 1, odd: oddId })),
  locations: listOrNot(entities(ruled, { ids: LOCATION_IDS, keys: LOCATION_KEYS, min: 1, odd: oddId })),
  goals: listOrNot(entities(goal, { ids: ['71', 'go', '9'], keys: GOAL_KEYS, min: 1, odd: oddId })),
  features: listOrNot(entities(feature, { ids: FEATURE_IDS, keys: FEATURE_KEYS, min: 1, odd: oddId })),
});

const PADDING = Array.from({ length: 16 }, (_, n) => ({
  id: `padding-${n}`,
  key: `padding-${n}`,
  rules: {
    OR: [
      {
        AND: [
          { OR_WHEN: [{ key: 'a', value: 'a', matching: { match_type: 'equals', negated: n % 2 > 0 } }] },
        ],
      },
    ],
  },
}));

/** More audiences and locations in front of those that are there: an engine may keep outcomes by their place. */
function padded(given: Fields): Fields {
  const withPadding = (list: unknown) => (Array.isArray(list) ? [...PADDING, ...(list as unknown[])] : list);
  return { ...given, audiences: withPadding(given.audiences), locations: withPadding(given.locations) };
}

/** As fetched: not validated yet. */
export const config: fc.Arbitrary<Fields> = pick([9, plainConfig], [1, plainConfig.map(padded)]);

export const maybeConfig = sometimes(config, 8);
