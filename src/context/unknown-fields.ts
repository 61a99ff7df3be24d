/** Tells the operator of fields that no call reads: each of them once, with the field that was meant. */
import { quoteName } from '../utils/clean-text.js';
import { asObject } from '../utils/objects.js';
import type { WarnOnce } from '../utils/operator-log.js';
import { nearest } from '../utils/option-checks.js';

/** The attributes of decisions. Those that only the official SDK reads (`asyncStorage`) are no mistakes. */
const DECISION: ReadonlySet<string> = new Set([
  'locationProperties',
  'visitorProperties',
  'updateVisitorProperties',
  'environment',
  'enableTracking',
  'enableStorage',
  'ignoreLocationProperties',
  'forceVariationId',
  'all',
  'typeCasting',
  'experienceKeys',
  'asyncStorage',
]);

/** The fields that a call reads. */
const FIELDS = {
  runExperience: DECISION,
  runExperiences: DECISION,
  runFeature: DECISION,
  runFeatures: DECISION,
  peek: DECISION,
  explain: DECISION,
  share: DECISION,
  trackConversion: new Set(['ruleData', 'conversionData', 'conversionSetting']),
  runCustomSegments: new Set(['ruleData']),
} as const satisfies Readonly<Record<string, ReadonlySet<string>>>;

export type CallWithFields = keyof typeof FIELDS;

/** The most fields that are told of: an app may take them from its requests. */
const MAX_TOLD = 20;

/** Fields that are quoted. Anything else may be what a stranger has sent. */
const QUOTABLE = /^\w{1,40}$/;

export class UnknownFields {
  readonly #told = new Set<string>();

  constructor(private readonly warnOnce: WarnOnce) {}

  /** Returns the own fields of what a call was given, and tells of those that it does not read. */
  read<T extends object>(call: CallWithFields, given: T | null | undefined): T {
    const fields = asObject(given);
    const known: ReadonlySet<string> = FIELDS[call];
    // Nearly every request runs this loop, so it makes no list of the names.
    for (const name in fields) if (!known.has(name)) this.#met(call, name, known);
    return fields;
  }

  #met(call: CallWithFields, name: string, known: ReadonlySet<string>): void {
    const told = this.#told;
    if (told.size >= MAX_TOLD || !QUOTABLE.test(name) || told.has(name)) return;
    told.add(name);
    const meant = nearest(name, [...known]);
    const hint =
      meant === undefined ? `it reads ${[...known].join(', ')}` : `did you mean ${quoteName(meant)}?`;
    this.warnOnce('CONVERT_UNKNOWN_FIELD', `${call}: there is no field ${quoteName(name)}; ${hint}`, name);
  }
}
