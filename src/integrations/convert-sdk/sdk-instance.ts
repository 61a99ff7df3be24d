/**
 * Drives an instance of the official SDK as a pure function: the state of a visitor goes in; a result, the changed
 * state and events come out. The SDK's own store, queue and listeners are replaced. Everything that this package knows
 * about the private parts of the SDK stands in this file.
 */
import type {
  BucketingOptions,
  ConversionAttributes,
  EngineVisitor,
  ExperienceAttributes,
} from '../../engine/types.js';
import { changesOf } from '../../engine/feature-plan.js';
import { compileRegex } from '../../engine/regex/safe-regex.js';
import { type Comparison, prepareComparison } from '../../engine/rules/operators.js';
import type { ProjectConfig } from '../../model/project-config.js';
import type { WireEvent } from '../../model/tracking-event.js';
import type { VisitorState } from '../../model/visitor-state/types.js';
import { ConvertError } from '../../utils/errors.js';
import { mergeSegments } from '../../utils/objects.js';
import { referencedProperties } from './referenced-properties.js';

/** Versions of `@convertcom/js-sdk` that this engine is tested with. */
export const SUPPORTED_SDK = '4.4.x';

/** The class that `@convertcom/js-sdk` exports by default. */
export type ConvertSDKClass = new (config: Record<string, unknown>) => unknown;

/** The part of a visitor's state that the SDK knows. */
export type SdkState = Pick<VisitorState, 'bucketing' | 'goals' | 'segments' | 'locations'>;

interface SdkContext {
  runExperience(key: string, attributes: Record<string, unknown>): unknown;
  trackConversion(goalKey: string, attributes: ConversionAttributes): unknown;
  runCustomSegments(keys: readonly string[], attributes: { ruleData: Record<string, unknown> }): unknown;
}

/** The private parts of the SDK that are called or replaced. */
interface SdkParts {
  createContext(visitorId: string): SdkContext | null;
  _apiManager: { enqueue(visitorId: string, event: WireEvent): void };
  _eventManager: { fire(): void };
  _dataManager: {
    getData(visitorId: string): SdkState | null;
    putData(visitorId: string, change: SdkState): void;
    _ruleManager: SdkRules;
  };
  _featureManager: {
    runFeature(visitorId: string, key: string, attributes: object, experienceKeys?: string[]): unknown;
    runFeatures(visitorId: string, attributes: object, filter?: { experiences: string[] }): unknown;
  };
}

interface SdkRules {
  getComparisonProcessorMethods: () => string[];
  comparisonProcessor: object & {
    regexMatches(value: unknown, expected: unknown, negated: boolean): unknown;
  };
}

const PRIVATE_PARTS: [keyof SdkParts, string[]][] = [
  ['_apiManager', ['enqueue']],
  ['_eventManager', ['fire']],
  ['_dataManager', ['getData', 'putData']],
  ['_featureManager', ['runFeature', 'runFeatures']],
];

/** `LogLevel.SILENT` of the SDK. */
const SILENT = 5;

/** The parts of the SDK that one call may use. */
export interface SdkCall {
  readonly context: SdkContext;
  readonly features: SdkParts['_featureManager'];
  /**
   * Returns the visitor's properties that rules of the project read. A property that the app gave in `attributes`
   * replaces the visitor's own.
   */
  readonly properties: (
    attributes: Pick<ExperienceAttributes, 'locationProperties' | 'visitorProperties'>,
  ) => {
    locationProperties: Record<string, unknown>;
    visitorProperties: Record<string, unknown>;
  };
}

/** The outcome of one call to the SDK. */
export interface SdkRun {
  readonly result: unknown;
  readonly events: readonly WireEvent[];
  readonly state: SdkState;
}

export class SdkInstance {
  readonly #sdk: SdkParts;
  readonly #reads: ReturnType<typeof referencedProperties>;
  /**
   * The state that the SDK reads and changes, and the events that it leaves behind, during the call under way. One
   * field will do, since the SDK is synchronous.
   */
  #scope: { state: SdkState; events: WireEvent[] } = { state: {}, events: [] };

  /** Throws a ConvertError (`CONVERT_NO_ENGINE`) if the class lacks a private part that is used here. */
  constructor(SdkClass: ConvertSDKClass, config: ProjectConfig, bucketing?: BucketingOptions) {
    this.#sdk = instantiate(SdkClass, unsharedVariables(config), bucketing);
    this.#reads = referencedProperties(config);
    this.#takeOver(this.#sdk);
  }

  /** Calls the SDK with the state of this visitor. */
  run(visitor: EngineVisitor, call: (sdk: SdkCall) => unknown): SdkRun {
    const own = { state: copyOf(visitor.state), events: [] as WireEvent[] };
    // The app's own property functions may run in the middle of this call, and ask for another decision.
    const outer = this.#scope;
    this.#scope = own;
    try {
      const context = this.#sdk.createContext(visitor.id);
      if (!context) throw new ConvertError('CONVERT_INTERNAL', 'the official SDK gave no context');
      const result = call({
        context,
        features: this.#sdk._featureManager,
        properties: ({ locationProperties, visitorProperties }) => ({
          locationProperties: {
            ...pick(visitor.locationProperties, this.#reads.location),
            ...locationProperties,
          },
          visitorProperties: {
            ...pick(visitor.visitorProperties, this.#reads.visitor),
            ...visitorProperties,
          },
        }),
      });
      // The SDK makes each bucketing event anew. A conversion event holds objects of the app and of the state, so it is
      // copied.
      const events = own.events.map((event) =>
        event.eventType === 'conversion' ? structuredClone(event) : event,
      );
      return { result, events, state: own.state };
    } finally {
      this.#scope = outer;
    }
  }

  /**
   * Replaces the SDK's store, queue and listeners: the SDK reads and writes the scope of the call under way instead.
   */
  #takeOver(sdk: SdkParts): void {
    sdk._eventManager.fire = () => {};
    sdk._apiManager.enqueue = (_visitorId, event) => void this.#scope.events.push(event);
    sdk._dataManager.getData = () => this.#scope.state;
    sdk._dataManager.putData = (_visitorId, { bucketing, goals, segments, locations }) => {
      const { state } = this.#scope;
      this.#scope.state = {
        bucketing: bucketing ? { ...state.bucketing, ...bucketing } : state.bucketing,
        goals: goals ? { ...state.goals, ...goals } : state.goals,
        segments: segments ? mergeSegments(state.segments ?? {}, segments) : state.segments,
        // The array is copied, since the SDK goes on working with its own.
        locations: locations ? [...locations] : state.locations,
      };
    };
    // The SDK would list the names of its comparisons anew for each rule. They are listed once instead.
    const rules = sdk._dataManager._ruleManager;
    const names = rules.getComparisonProcessorMethods();
    rules.getComparisonProcessorMethods = () => names;
    // The SDK runs regular expressions as they are, and some of them can hold the event loop for seconds.
    const regexMatches = safeRegexMatches();
    rules.comparisonProcessor = Object.assign(
      Object.create(rules.comparisonProcessor) as SdkRules['comparisonProcessor'],
      {
        regexMatches,
      },
    );
  }
}

/** Returns the class in the value that an app passes. Throws a ConvertError (`CONVERT_NO_ENGINE`) if there is none. */
export function sdkClass(given: unknown): ConvertSDKClass {
  // If the package is imported from ESM, it arrives as CommonJS: the class is the default export of the default export.
  let candidate = given;
  while (typeof candidate === 'object' && candidate !== null && 'default' in candidate) {
    candidate = candidate.default;
  }
  if (typeof candidate === 'function') return candidate as ConvertSDKClass;
  throw new ConvertError(
    'CONVERT_NO_ENGINE',
    `sdkEngine() takes the class that @convertcom/js-sdk exports, given ${given === null ? 'null' : typeof given};` +
      ` pass it as in sdkEngine(ConvertSDK)`,
  );
}

/** Makes the comparison `regexMatches`, with the answers of the SDK and within the bounds of `compileRegex`. */
function safeRegexMatches(): SdkRules['comparisonProcessor']['regexMatches'] {
  /** By regular expression, negated or not. A project has a limited number of them. */
  const prepared = new Map<string, Comparison>();
  return (value, expected, negated) => {
    const key = `${negated} ${String(expected)}`;
    let compare = prepared.get(key);
    if (compare === undefined) {
      compare = prepareComparison('regexMatches', expected, negated, compileRegex)!.compare;
      prepared.set(key, compare);
    }
    return compare(value);
  };
}

function instantiate(SdkClass: ConvertSDKClass, data: unknown, bucketing?: BucketingOptions): SdkParts {
  let instance: unknown;
  try {
    instance = new SdkClass({
      data,
      ...(bucketing && { bucketing }),
      // The SDK starts no timers, makes no requests and logs nothing: this package does that itself.
      network: { tracking: false },
      logger: { logLevel: SILENT, customLoggers: [] },
    });
  } catch (cause) {
    throw new ConvertError('CONVERT_NO_ENGINE', `the class given to sdkEngine() can't be constructed`, {
      cause,
    });
  }
  const parts = instance as Record<string, Record<string, unknown> | undefined>;
  for (const [part, methods] of PRIVATE_PARTS) {
    for (const method of methods) {
      if (typeof parts[part]?.[method] === 'function') continue;
      throw new ConvertError(
        'CONVERT_NO_ENGINE',
        `this version of @convertcom/js-sdk is not supported (no ${part}.${method}); install ${SUPPORTED_SDK}`,
      );
    }
  }
  const rules = parts._dataManager?._ruleManager as Partial<SdkRules> | undefined;
  if (
    typeof rules?.getComparisonProcessorMethods !== 'function' ||
    typeof rules.comparisonProcessor?.regexMatches !== 'function'
  ) {
    throw new ConvertError(
      'CONVERT_NO_ENGINE',
      `this version of @convertcom/js-sdk is not supported (no comparison regexMatches); install ${SUPPORTED_SDK}`,
    );
  }
  return instance as SdkParts;
}

/**
 * Returns a copy of the config that gives fresh `variables_data` at each read: the SDK casts feature variables in
 * place, which would change the config for all visitors.
 */
function unsharedVariables(config: ProjectConfig): ProjectConfig {
  const copy = structuredClone(config);
  for (const experience of copy.experiences ?? []) {
    for (const variation of experience?.variations ?? []) {
      for (const change of changesOf(variation)) {
        const variables = change?.data?.variables_data;
        if (typeof variables !== 'object' || variables === null) continue;
        Object.defineProperty(change!.data, 'variables_data', {
          enumerable: true,
          get: () => structuredClone(variables),
        });
      }
    }
  }
  return copy;
}

/** Returns a copy of the state, since the SDK changes the state that it is given. */
function copyOf({ bucketing, goals, segments, locations }: Readonly<VisitorState>): SdkState {
  return {
    bucketing: bucketing && { ...bucketing },
    goals: goals && { ...goals },
    segments: segments && structuredClone(segments),
    locations: locations && [...locations],
  };
}

/**
 * Returns the properties of these names. An absent property is left out: to the SDK, `undefined` is the text
 * "undefined".
 */
function pick(
  properties: { get(name: string): unknown },
  names: ReadonlySet<string>,
): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) {
    const value = properties.get(name);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
