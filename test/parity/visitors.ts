/** Visitors: who they are, what is stored of them, what is known of them, and what they do one after the other. */
import fc from 'fast-check';
import type {
  ConversionAttributes,
  ExperienceAttributes,
  FeatureAttributes,
  SegmentsAttributes,
} from '../../src/engine/types.js';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import {
  AUDIENCE_IDS,
  ENVIRONMENTS,
  EXPERIENCE_IDS,
  EXPERIENCE_KEYS,
  FEATURE_KEYS,
  GOAL_KEYS,
  KNOWN_VISITORS,
  LOCATION_KEYS,
  SEGMENT_IDS,
  SEGMENT_KEYS,
  VARIATION_IDS,
} from './configs.js';
import {
  inlinePropertiesOf,
  listOf,
  objectOf,
  oneOf,
  pick,
  propertiesOf,
  recordOf,
  sometimes,
  utf16,
} from './values.js';

export type Fields = Record<string, unknown>;

export type Step = { readonly project: number } & (
  | { readonly do: 'experience' | 'explain'; readonly key: string; readonly attributes: ExperienceAttributes }
  | { readonly do: 'experiences'; readonly attributes: ExperienceAttributes }
  | { readonly do: 'feature'; readonly key: string; readonly attributes: FeatureAttributes }
  | { readonly do: 'features'; readonly attributes: FeatureAttributes }
  | { readonly do: 'conversion'; readonly key: string; readonly attributes: ConversionAttributes }
  | { readonly do: 'segments'; readonly keys: readonly string[]; readonly attributes: SegmentsAttributes }
);

export interface VisitorCase {
  readonly id: string;
  readonly state: VisitorState;
  readonly location: Fields;
  readonly visitor: Fields;
  readonly environment: string | undefined;
  /** The engine may keep what it worked out from one step to the next. */
  readonly memo: boolean;
  readonly steps: readonly Step[];
}

/** Never empty: who has no id takes no part. */
const visitorId = pick<string>(
  [10, fc.nat(100_000).map((n) => `v${n}`)],
  [5, oneOf(...KNOWN_VISITORS)],
  [3, utf16(1, 12)],
  [1, listOf(fc.integer({ min: 32, max: 126 }), 1, 300).map((codes) => String.fromCharCode(...codes))],
  [
    2,
    oneOf(
      ...[' ', '0', '\ud83d', '\ude00', '\ud83dx\ude00', 'é', 'e\u0301', '😀', '日本語', '\0', 'a\ud800'],
      'x'.repeat(300),
    ),
  ],
);

const customSegments = listOf(oneOf(...SEGMENT_IDS, ...SEGMENT_IDS, ...AUDIENCE_IDS, 'gone'), 0, 3).map(
  (ids) => [...new Set(ids)],
);
const properties = pick<Fields>(
  [12, propertiesOf(3, 7)],
  [1, fc.tuple(propertiesOf(0, 4), customSegments).map(withSegments)],
).map(withoutRuleData);
const inlineProperties = pick<Fields>(
  [8, inlinePropertiesOf(4)],
  [1, fc.tuple(inlinePropertiesOf(2), customSegments).map(withSegments)],
  // Plain JavaScript may pass this.
  [1, fc.constant(null as unknown as Fields)],
  // To the SDK, this is an object with methods for rules.
  [1, inlinePropertiesOf(2).map((all) => ({ ...all, name: 'RuleData' }))],
);

const storedVariation = pick<string>(
  [14, oneOf(...VARIATION_IDS)],
  [2, oneOf('gone', 'undefined', 'null', '01', '1', 'constructor')],
  // A store may hold anything.
  [1, oneOf<unknown>('', null, 2, 11, true, ['v'], {}) as fc.Arbitrary<string>],
);

const state: fc.Arbitrary<VisitorState> = pick<VisitorState>(
  [2, fc.constant({})],
  [
    5,
    recordOf<VisitorState>({
      bucketing: sometimes(
        objectOf(fc.tuple(oneOf(...EXPERIENCE_IDS, 'constructor', 'gone'), storedVariation), 0, 4),
        2,
      ),
      goals: sometimes(objectOf(fc.tuple(oneOf(...GOAL_KEYS), oneOf(true, true, false)), 0, 2), 3),
      segments: sometimes(
        pick<Fields>(
          [
            6,
            recordOf<Fields>({
              customSegments,
              country: oneOf<unknown>('a', 'US', undefined),
            }),
          ],
          [4, propertiesOf(0, 3)],
        ),
        2,
      ),
      locations: sometimes(
        listOf(oneOf(...LOCATION_KEYS, 'gone'), 0, 3).map((keys) => [...new Set(keys)]),
        3,
      ),
      unexposed: sometimes(listOf(oneOf(...EXPERIENCE_IDS), 1, 2), 12),
    }).map(withoutUndefined),
  ],
);

/** The first ones are there in most projects. */
const experienceKey = pick<string>(
  [20, oneOf(...EXPERIENCE_KEYS.slice(0, 3))],
  [6, oneOf(...EXPERIENCE_KEYS.slice(3))],
  [1, oneOf('unknown', 'constructor', '__proto__', '')],
);

const shared = {
  locationProperties: sometimes(inlineProperties, 5),
  visitorProperties: sometimes(inlineProperties, 3),
  updateVisitorProperties: sometimes(oneOf(true, true, false), 2),
  environment: sometimes(oneOf(...ENVIRONMENTS, ''), 12),
  enableTracking: sometimes(oneOf(false, true), 4),
  ignoreLocationProperties: sometimes(oneOf(true, true, false), 4),
  forceVariationId: sometimes(
    pick<string>(
      [12, oneOf(...VARIATION_IDS)],
      [1, oneOf<unknown>('gone', '', 2, 'undefined') as fc.Arbitrary<string>],
    ),
    4,
  ),
};

const experienceAttributes = pick<ExperienceAttributes>(
  [2, fc.constant({})],
  [3, recordOf<ExperienceAttributes>(shared).map(withoutUndefined)],
);

const featureAttributes = pick<FeatureAttributes>(
  [2, fc.constant({})],
  [
    3,
    recordOf<FeatureAttributes>({
      ...shared,
      typeCasting: sometimes(oneOf(false, true), 4),
      experienceKeys: sometimes(listOf(experienceKey, 0, 3), 5),
    }).map(withoutUndefined),
  ],
);

const conversionAttributes = recordOf<ConversionAttributes>({
  ruleData: sometimes(inlineProperties, 2),
  conversionData: sometimes(
    listOf(
      recordOf<{ key: 'amount' | 'transactionId'; value: string | number }>({
        key: oneOf('amount', 'transactionId'),
        value: oneOf<string | number>(10, 0, 't1', ''),
      }),
      0,
      2,
    ),
    2,
  ),
  conversionSetting: sometimes(
    oneOf({ forceMultipleTransactions: true }, { forceMultipleTransactions: false }, {}),
    3,
  ),
}).map(withoutUndefined);

const segmentsAttributes = recordOf<SegmentsAttributes>({ ruleData: sometimes(inlineProperties, 2) }).map(
  withoutUndefined,
);

const goalKey = pick<string>(
  [16, oneOf('goal-one', 'goal-one', ...GOAL_KEYS)],
  [1, oneOf('unknown', '5', 'null')],
);
const featureKey = pick<string>([16, oneOf(...FEATURE_KEYS)], [1, oneOf('unknown', '5', 'constructor')]);

/** Most stay with the first config. */
const project = oneOf(0, 0, 0, 1);

const step: fc.Arbitrary<Step> = pick<Step>(
  [
    8,
    recordOf<Step>({
      project,
      do: fc.constant('experience'),
      key: experienceKey,
      attributes: experienceAttributes,
    }),
  ],
  [4, recordOf<Step>({ project, do: fc.constant('experiences'), attributes: experienceAttributes })],
  [
    3,
    recordOf<Step>({ project, do: fc.constant('feature'), key: featureKey, attributes: featureAttributes }),
  ],
  [3, recordOf<Step>({ project, do: fc.constant('features'), attributes: featureAttributes })],
  [
    2,
    recordOf<Step>({
      project,
      do: fc.constant('conversion'),
      key: goalKey,
      attributes: conversionAttributes,
    }),
  ],
  [
    2,
    recordOf<Step>({
      project,
      do: fc.constant('segments'),
      keys: listOf(oneOf(...SEGMENT_KEYS, 'unknown'), 0, 3),
      attributes: segmentsAttributes,
    }),
  ],
  [
    1,
    recordOf<Step>({
      project,
      do: fc.constant('explain'),
      key: experienceKey,
      attributes: experienceAttributes,
    }),
  ],
);

export const visitor: fc.Arbitrary<VisitorCase> = recordOf<VisitorCase>({
  id: visitorId,
  state,
  location: properties,
  visitor: properties,
  environment: pick<string | undefined>(
    [12, oneOf('staging')],
    [2, oneOf('live')],
    [1, fc.constant(undefined)],
  ),
  memo: oneOf(true, true, false),
  steps: listOf(step, 1, 8),
});

/** A `name` that makes an object of properties counts in those of the request only where a rule reads it. */
function withoutRuleData(properties: Fields): Fields {
  return properties.name === 'RuleData' ? { ...properties, name: 'a' } : properties;
}

function withSegments([properties, customSegments]: [Fields, string[]]): Fields {
  return { ...properties, customSegments };
}

function withoutUndefined<T extends object>(given: T): T {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
}
