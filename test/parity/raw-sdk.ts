/**
 * The official SDK, driven directly: it knows nothing of `src/sdk-engine.ts`. What we do differently on purpose is done
 * here, at the SDK's own boundary, so that everything else can be compared as it is:
 *
 * - Where deciding an experience throws, or gives a rule error, it gives none and stores nothing.
 * - An assignment that the SDK stores and exposes, and then can't find the variation of, is not made.
 * - `updateVisitorProperties` stores the properties given inline, and none of the request.
 * - `__proto__` is no property.
 * - The config is never changed: what features cast in place is a copy.
 */
import type {
  ConversionAttributes,
  EngineReason,
  ExperienceAttributes,
  FeatureAttributes,
  SegmentsAttributes,
} from '../../src/engine/types.js';
import type { WireEvent } from '../../src/model/tracking-event.js';
import type { VisitorState } from '../../src/model/visitor-state/types.js';
import type { Coverage } from './coverage.js';
import { ConvertSDK } from './sdk.js';
import { typeOf } from './values.js';
import type { Fields } from './visitors.js';

export interface RawVisitor {
  readonly id: string;
  readonly state: Readonly<VisitorState>;
  readonly location: Fields;
  readonly visitor: Fields;
  readonly environment: string | undefined;
}

/** An experience that was decided during a call. */
export interface RawDecision {
  readonly key: string;
  readonly variation: Readonly<Fields> | null;
  /** Why there is none, from what the SDK logs. Empty where it doesn't say, or there is a variation. */
  readonly reasons: readonly EngineReason[];
  readonly events: readonly WireEvent[];
}

export interface RawRun {
  readonly result: unknown;
  /** Set where the call as a whole threw. */
  readonly thrown: unknown;
  readonly decisions: readonly RawDecision[];
  readonly state: VisitorState;
  readonly events: readonly WireEvent[];
  /** An experience threw, or gave an error: what became of the locations says nothing. */
  readonly hasFailed: boolean;
  /** An assignment was taken back, since its variation is not found again. */
  readonly hasLost: boolean;
}

interface Context {
  runExperience(key: string, attributes: object): unknown;
  runExperiences(attributes: object): unknown;
  runFeature(key: string, attributes: object): unknown;
  runFeatures(attributes: object): unknown;
  trackConversion(key: string, attributes: object): unknown;
  runCustomSegments(keys: readonly string[], attributes: object): unknown;
  getVisitorProperties(attributes: object): object;
}

type GetBucketing = (visitorId: string, key: string, attributes: Fields) => unknown;
type PutData = (visitorId: string, data: VisitorState) => void;
type Compare = (value: unknown, expected: unknown, negated: unknown) => unknown;

interface Logger {
  debug(place: string, message: string): void;
  info(place: string, message: string): void;
}

interface DataManager {
  _loggerManager: Logger;
  _bucketedVisitors: Map<string, VisitorState>;
  _ruleManager: { _comparisonProcessor: Record<string, Compare>; _loggerManager: Logger | undefined };
  getBucketing: GetBucketing;
  putData: PutData;
  getStoreKey(visitorId: string): string;
  getEntity(key: string, type: string): unknown;
}

interface Instance {
  createContext(visitorId: string): Context;
  _apiManager: { enqueue(visitorId: string, event: WireEvent): void };
  _dataManager: DataManager;
  _featureManager: {
    runFeatures(visitorId: string, attributes: object, filter: object): unknown;
  };
}

const MATCHING = 'DataManager.matchRulesByField()';
const OUT_OF_TRAFFIC = 'convert.com_variation_not_decided';

export class RawSdk {
  readonly #instance: Instance;
  readonly #data: DataManager;
  readonly #getBucketing: GetBucketing;
  readonly #putData: PutData;
  readonly #coverage: Coverage;
  #events: WireEvent[] = [];
  #decisions: RawDecision[] = [];
  #hasFailed = false;
  #hasLost = false;
  #hasStored = false;
  /** What it logged of its matching of rules. */
  #said: string[] = [];
  /** The inline properties that the call under way stores with an assignment. */
  #kept: Fields | undefined;

  /** @param text the validated config, as JSON */
  constructor(text: string, coverage: Coverage) {
    this.#coverage = coverage;
    this.#instance = new ConvertSDK({
      data: JSON.parse(text) as unknown,
      environment: '',
      network: { tracking: false },
      logger: { logLevel: 5, customLoggers: [] },
    }) as Instance;
    this.#data = this.#instance._dataManager;
    this.#getBucketing = this.#data.getBucketing.bind(this.#data);
    this.#putData = this.#data.putData.bind(this.#data);
    this.#data.getBucketing = (visitorId, key, attributes) => this.#decide(visitorId, key, attributes);
    this.#data.putData = (visitorId, data) => {
      if (data.bucketing) this.#hasStored = true;
      this.#putData(visitorId, data);
    };
    this.#instance._apiManager.enqueue = (_visitorId, event) =>
      void this.#events.push(structuredClone(event));
    this.#observeComparisons();
    const listen = (place: string, message: string) => {
      if (place === MATCHING) this.#said.push(message);
    };
    this.#data._loggerManager = { debug: listen, info: listen };
    this.#data._ruleManager._loggerManager = undefined;
  }

  experience(key: string, visitor: RawVisitor, attributes: ExperienceAttributes): RawRun {
    return this.#run(visitor, attributes, (context, given) => context.runExperience(key, given));
  }

  experiences(visitor: RawVisitor, attributes: ExperienceAttributes): RawRun {
    return this.#run(visitor, attributes, (context, given) => context.runExperiences(given));
  }

  feature(key: string, visitor: RawVisitor, attributes: FeatureAttributes): RawRun {
    return this.#run(visitor, attributes, (context, given) => context.runFeature(key, given));
  }

  features(visitor: RawVisitor, attributes: FeatureAttributes): RawRun {
    const { experienceKeys: experiences } = attributes;
    return this.#run(visitor, attributes, (context, given) => {
      if (!experiences?.length) return context.runFeatures(given);
      // The context has no such option; what is behind it has.
      const visitorProperties = context.getVisitorProperties(given.visitorProperties);
      return this.#instance._featureManager.runFeatures(
        visitor.id,
        {
          ...given,
          visitorProperties,
          enableTracking: true,
          forceVariationId: '',
          ignoreLocationProperties: false,
        },
        { experiences },
      );
    });
  }

  hasGoal(key: string): boolean {
    const goal = this.#data.getEntity(key, 'goals') as { id?: unknown } | null;
    return Boolean(goal?.id);
  }

  conversion(key: string, visitor: RawVisitor, attributes: ConversionAttributes): RawRun {
    return this.#run(visitor, {}, (context) =>
      context.trackConversion(key, { ...attributes, ruleData: plain(attributes.ruleData) }),
    );
  }

  segments(keys: readonly string[], visitor: RawVisitor, { ruleData }: SegmentsAttributes): RawRun {
    return this.#run(visitor, { visitorProperties: ruleData }, (context, { visitorProperties }) =>
      context.runCustomSegments(keys, { ruleData: visitorProperties }),
    );
  }

  #run(
    visitor: RawVisitor,
    attributes: FeatureAttributes,
    call: (context: Context, given: Fields & { visitorProperties: Fields }) => unknown,
  ): RawRun {
    const storeKey = this.#data.getStoreKey(visitor.id);
    const before = sdkState(visitor.state);
    this.#data._bucketedVisitors = new Map(before === undefined ? [] : [[storeKey, before]]);
    this.#events = [];
    this.#decisions = [];
    this.#hasFailed = false;
    this.#hasLost = false;
    this.#kept = attributes.updateVisitorProperties ? plain(attributes.visitorProperties ?? {}) : undefined;
    let result: unknown;
    let thrown: unknown;
    try {
      result = call(this.#instance.createContext(visitor.id), {
        ...attributes,
        locationProperties: plain({ ...visitor.location, ...attributes.locationProperties }),
        visitorProperties: plain({ ...visitor.visitor, ...attributes.visitorProperties }),
        updateVisitorProperties: false,
        environment: attributes.environment || visitor.environment,
      });
    } catch (error) {
      thrown = error;
    }
    return {
      result,
      thrown,
      decisions: this.#decisions,
      state: this.#data._bucketedVisitors.get(storeKey) ?? {},
      events: this.#events,
      hasFailed: this.#hasFailed,
      hasLost: this.#hasLost,
    };
  }

  /** One experience, with the exceptions that stand at the top. */
  #decide(visitorId: string, key: string, attributes: Fields): unknown {
    const visitors = this.#data._bucketedVisitors;
    const storeKey = this.#data.getStoreKey(visitorId);
    const stored = visitors.get(storeKey);
    const before = stored && { ...stored, ...(stored.locations && { locations: [...stored.locations] }) };
    const events = this.#events.length;
    this.#hasStored = false;
    this.#said = [];
    let result: unknown;
    try {
      result = this.#getBucketing(visitorId, key, attributes);
    } catch {
      this.#coverage.add('sdk', 'an experience threw');
      this.#hasFailed = true;
      this.#events.length = events;
      if (before === undefined) visitors.delete(storeKey);
      else visitors.set(storeKey, before);
      result = null;
    }
    if (typeof result === 'string' && result !== OUT_OF_TRAFFIC) {
      this.#coverage.add('sdk', 'a rule error');
      this.#hasFailed = true;
    }
    const variation = typeof result === 'object' && result !== null ? (result as Fields) : null;
    if (variation === null && this.#hasStored) {
      this.#coverage.add('sdk', 'an assignment that is not found again');
      this.#hasLost = true;
      this.#events.length = events;
      const { locations } = visitors.get(storeKey) ?? {};
      visitors.set(storeKey, { ...before, ...(locations && { locations }) });
    }
    if (variation !== null && this.#hasStored && this.#kept !== undefined) {
      this.#putData(visitorId, { segments: this.#kept });
    }
    this.#decisions.push({
      key,
      variation,
      reasons: variation !== null ? [] : result === OUT_OF_TRAFFIC ? ['traffic'] : reasonsIn(this.#said),
      events: this.#events.slice(events),
    });
    // A copy: features cast what hangs on it in place.
    return structuredClone(variation);
  }

  /** Counts which operators meet which types of values, and what comes out. */
  #observeComparisons(): void {
    const rules = this.#data._ruleManager;
    const original = rules._comparisonProcessor;
    const observed: Record<string, Compare> = {};
    for (const name of Object.getOwnPropertyNames(original)) {
      const compare = original[name];
      if (typeof compare !== 'function') continue;
      observed[name] = (value, expected, negated) => {
        const outcome = compare.call(original, value, expected, negated);
        this.#coverage.addComparison(name, typeOf(value), outcome);
        return outcome;
      };
    }
    rules._comparisonProcessor = observed;
  }
}

/** A copy, in the SDK's shape; undefined for a visitor of whom nothing is stored. */
function sdkState({
  bucketing,
  goals,
  segments,
  locations,
}: Readonly<VisitorState>): VisitorState | undefined {
  if (!bucketing && !goals && !segments && !locations) return undefined;
  return structuredClone({
    ...(bucketing && { bucketing }),
    ...(goals && { goals }),
    ...(segments && { segments }),
    ...(locations && { locations }),
  });
}

/** Without `__proto__`. */
export function plain<T extends Fields | null | undefined>(properties: T): T {
  if (properties === undefined || properties === null || !Object.hasOwn(properties, '__proto__'))
    return properties;
  return Object.fromEntries(Object.entries(properties).filter(([name]) => name !== '__proto__')) as T;
}

const REASONS: Readonly<Record<string, readonly EngineReason[]>> = {
  'Experience not found': ['not-found'],
  'Experience archived': ['archived'],
  'Experience environment does not match': ['environment'],
  'Location does not match': ['location'],
  'Variations not found': ['no-variations'],
};

/** The SDK speaks of an audience where it may be the segments as well. */
function reasonsIn(said: readonly string[]): readonly EngineReason[] {
  const last = said.at(-1) ?? '';
  if (last !== 'Audience does not match') return REASONS[last] ?? [];
  if (said.some((message) => message.startsWith('Segmentation '))) return ['audience'];
  return said.some((message) => message.endsWith('udience not restricted'))
    ? ['segment']
    : ['audience', 'segment'];
}
