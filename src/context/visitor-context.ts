/**
 * The public methods that contexts of requests and of jobs have in common: decide, explain, track, remember. The file
 * has over 300 lines since it is one class; what its methods do is in the files that it imports.
 */
import type { Consent } from '../consent/consent.js';
import type { DeliveryLedger } from '../delivery/types.js';
import { textOf } from '../engine/coerce.js';
import type {
  ConversionAttributes,
  EngineVisitor,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  Properties,
  SegmentsAttributes,
  Variation,
} from '../engine/types.js';
import type { ReportSegments } from '../model/tracking-event.js';
import { asConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import { type ConfigEntity, configEntity, type EntityType } from './config-entities.js';
import {
  type CommitReport,
  type TrackOutcome,
  type ConversionResult,
  resultOf,
} from './conversion-outcomes.js';
import { Conversions } from './conversions.js';
import type { Decider, ContextDecision as Decision, ContextExplanation } from './decider.js';
import { DecisionRecorder, warnOf } from './decision-recorder.js';
import { ContextVisitor } from './engine-visitor.js';
import { explanationOf, unexplained } from './explanation.js';
import {
  EXCLUDED,
  isOutdated,
  renewed,
  type Excluded,
  excluded,
  type Included,
  type Participation,
  previewsIn,
} from './participation.js';
import { decideFeatures, disabledFeatures, withPreviewFeatures } from './preview-features.js';
import type { Previews } from './preview-link.js';
import { FLUSH_TIMEOUT, type Runtime } from './runtime.js';
import { givenProperties, knownSegments, type PropertiesArguments, visitorData } from './sdk-forms.js';
import { CONTEXT_BRAND, type Explanation, type VisitorContext, type VisitorData } from './types.js';

/** The base of request contexts and job contexts. Each subclass finds the visitor in its own way (`resolve`). */
export abstract class VisitorContextBase implements VisitorContext {
  readonly #runtime: Runtime;
  #participation: Participation | undefined;
  #recorded: DecisionRecorder | undefined;
  #conversions: Conversions | undefined;
  #engineVisitor: ContextVisitor | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** A getter, not a field: templates serialise and print contexts, and the runtime holds the whole project. */
  protected get runtime(): Runtime {
    return this.#runtime;
  }

  get [CONTEXT_BRAND](): true {
    return true;
  }

  protected abstract resolve(): Participation;
  protected abstract readonly locations: Properties;
  protected abstract readonly properties: Properties;
  /** The cookies of the request; undefined for jobs. */
  protected abstract readonly cookies: Properties | undefined;

  protected get participation(): Participation {
    const known = this.#participation;
    if (known !== undefined && !isOutdated(known, this.#runtime, this)) return known;
    try {
      this.#participation = renewed(known, this.#runtime) ?? this.resolve();
      // What the engine has worked out belongs to the config of before.
      this.#engineVisitor = undefined;
    } catch (error) {
      failed(this.#runtime, error);
      this.#participation = excluded(EXCLUDED, 'disabled');
    }
    return this.#participation;
  }

  /** True while a response is under way, whose page is decided by one config. */
  get isPage(): boolean {
    return false;
  }

  /** The participation if it was resolved already; else undefined. */
  protected get resolved(): Participation | undefined {
    return this.#participation;
  }

  get visitorId(): string {
    return this.participation.visitor.id;
  }

  get consent(): Consent {
    return this.participation.visitor.consent;
  }

  runExperience(key: string, attributes?: ExperienceAttributes): Variation | null {
    return this.#decide('runExperience', key, attributes)?.variation ?? null;
  }

  runExperiences(attributes?: ExperienceAttributes): Variation[] {
    const { participation } = this;
    if (participation.status === 'excluded') {
      const shown = [...(participation.previews?.keys() ?? [])];
      return shown.flatMap((key) => this.runExperience(key) ?? []);
    }
    return this.#guard([], () => {
      const given = this.#runtime.unknownFields.read('runExperiences', attributes);
      const found = this.deciderFor(participation).experiences(this.#visitorOf(participation), given);
      const decisions = withPreviews(found, previewsIn(participation));
      this.#recorder.recordAll(participation, decisions, given);
      return decisions.flatMap(({ variation }) => variation ?? []);
    });
  }

  runFeature(given: string, attributes: FeatureAttributes & { all: true }): Feature[];
  runFeature(given: string, attributes?: FeatureAttributes & { all?: false }): Feature;
  runFeature(given: string, attributes?: FeatureAttributes): Feature | Feature[];
  runFeature(given: string, attributes?: FeatureAttributes): Feature | Feature[] {
    const features = this.#features(attributes, textOf(given));
    const isAll = this.#guard(false, () => asObject(attributes).all === true);
    // An engine that answers as the official SDK does may give several.
    return isAll || features.length > 1 ? [...features] : features[0]!;
  }

  runFeatures(attributes?: FeatureAttributes): Feature[] {
    return [...this.#features(attributes)];
  }

  trackConversion(key: string, attributes?: ConversionAttributes): ConversionResult {
    const { participation } = this;
    const conversions = (this.#conversions ??= new Conversions(this.#runtime));
    return this.#guard(resultOf('disabled'), () => {
      const given = { goalKey: textOf(key), attributes };
      if (participation.status === 'excluded')
        return conversions.missed(participation, given.goalKey, this.missed(participation.excludedBy));
      return conversions.track(participation, () => this.#visitorOf(participation), given);
    });
  }

  committed(options?: { timeout?: number }): Promise<CommitReport> {
    return (this.#conversions ??= new Conversions(this.#runtime)).committed(this.resolved, options);
  }

  setDefaultSegments(segments: ReportSegments): void {
    this.#keep(knownSegments(segments));
  }

  setCustomSegments(keys: readonly string[] | string, attributes?: SegmentsAttributes): void {
    this.runCustomSegments(keys, attributes);
  }

  runCustomSegments(keys: readonly string[] | string, attributes?: SegmentsAttributes): void {
    const { participation } = this;
    if (participation.status !== 'participating') return;
    this.#guard(undefined, () => {
      const { engine } = participation.project;
      const wanted = (Array.isArray(keys) ? (keys as readonly string[]) : [keys as string]).map(textOf);
      const given = this.#runtime.unknownFields.read('runCustomSegments', attributes);
      const change = engine.customSegments(wanted, this.#visitorOf(participation), given);
      participation.work.record(change, []);
    });
  }

  updateVisitorProperties(...args: PropertiesArguments): void {
    this.#keep(givenProperties(args, this.visitorId, this.runtime));
  }

  getVisitorData(): VisitorData {
    const { participation } = this;
    return participation.status === 'excluded' ? {} : visitorData(participation.work.state);
  }

  getConfigEntity(key: string, type: EntityType): ConfigEntity | null {
    return configEntity(this.runtime.project?.config, 'key', key, type);
  }

  getConfigEntityById(id: string | number, type: EntityType): ConfigEntity | null {
    return configEntity(this.runtime.project?.config, 'id', String(id), type);
  }

  peek(key: string, attributes?: ExperienceAttributes): Variation | null {
    return this.#decide('peek', key, attributes)?.variation ?? null;
  }

  explain(key: string, attributes?: ExperienceAttributes): Explanation {
    const { participation } = this;
    const experienceKey = textOf(key);
    const ask = (included: Included): ContextExplanation => {
      const given = this.#runtime.unknownFields.read('explain', attributes);
      return this.deciderFor(included).explain(experienceKey, this.#visitorOf(included), given);
    };
    return this.#guard(unexplained(experienceKey, 'disabled', participation.visitor), () =>
      explanationOf(participation, experienceKey, ask, this.decided.get(experienceKey)),
    );
  }

  flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    const { resolved } = this;
    if (resolved !== undefined && resolved.status !== 'excluded') void resolved.work.commit();
    return this.runtime.outbox.flush(asObject(options).timeout ?? FLUSH_TIMEOUT);
  }

  releaseQueues(): Promise<DeliveryLedger> {
    return this.flush();
  }

  /** The outcome of a conversion of a visitor who is excluded for `reason`; jobs count more of them as dropped. */
  protected missed(reason: Excluded['excludedBy']): TrackOutcome {
    return reason;
  }

  /** The decisions with a variation, by experience key. */
  get decided(): ReadonlyMap<string, Decision> {
    return this.#recorder.decided;
  }

  protected deciderFor({ project }: Included): Decider {
    return project.engine;
  }

  get #recorder(): DecisionRecorder {
    return (this.#recorded ??= new DecisionRecorder(this.#runtime));
  }

  #decide(call: 'runExperience' | 'peek', key: string, given?: ExperienceAttributes): Decision | undefined {
    const { participation } = this;
    const enrol = call === 'runExperience';
    if (participation.status === 'excluded')
      return this.#recorder.recordExcluded(participation, textOf(key), enrol);
    // Nearly every request runs this method, so it catches errors itself: `#guard` would need a closure.
    try {
      const attributes = this.#runtime.unknownFields.read(call, given);
      const experienceKey = textOf(key);
      const decision =
        previewsIn(participation)?.get(experienceKey) ??
        this.deciderFor(participation).experience(experienceKey, this.#visitorOf(participation), attributes);
      if (enrol) this.#recorder.recordOne(participation, decision, attributes);
      else warnOf(this.#runtime, participation, decision);
      return decision;
    } catch (error) {
      failed(this.#runtime, error);
      return undefined;
    }
  }

  /** Decides the feature `key`, or all if that is undefined. */
  #features(attributes: FeatureAttributes | undefined, key?: string): readonly Feature[] {
    const { participation } = this;
    const none = disabledFeatures(this.#runtime.project, key);
    return this.#guard(none, () => {
      const call = key === undefined ? 'runFeatures' : 'runFeature';
      const given = this.#runtime.unknownFields.read(call, attributes);
      if (participation.status === 'excluded')
        return withPreviewFeatures(participation.previews, none, given, key);
      const decider = this.deciderFor(participation);
      const visitor = this.#visitorOf(participation);
      const outcome = decideFeatures(participation, decider, visitor, given, key);
      this.#recorder.recordFeatures(participation, outcome, given);
      return outcome.features;
    });
  }

  #keep(segments: Record<string, unknown>): void {
    const participation = Object.keys(segments).length > 0 ? this.participation : undefined;
    if (participation?.status !== 'participating') return;
    this.#guard(undefined, () => participation.work.record({ segments: structuredClone(segments) }, []));
  }

  #visitorOf(participation: Included): EngineVisitor {
    if (this.#engineVisitor === undefined) {
      const { locations: location, properties: visitor, cookies } = this;
      this.#engineVisitor = new ContextVisitor(participation, { location, visitor, cookies }, this.#runtime);
    } else this.#engineVisitor.state = participation.work.state;
    return this.#engineVisitor;
  }

  /** Runs `work`. If it throws, reports the error and returns `otherwise`: nothing is thrown into a request. */
  #guard<T>(otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      failed(this.#runtime, error);
      return otherwise;
    }
  }
}

function failed({ report }: Pick<Runtime, 'report'>, error: unknown): void {
  report(asConvertError(error, 'CONVERT_INTERNAL', 'a decision failed, the visitor gets the original'));
}

/** Replaces the decisions for previewed experiences. Previews come last, as with the official SDK. */
function withPreviews(decisions: Decision[], previews: Previews | undefined): Decision[] {
  if (previews === undefined) return decisions;
  return [...decisions.filter(({ experienceKey }) => !previews.has(experienceKey)), ...previews.values()];
}
