/** What contexts of requests and of jobs share: deciding, recording, telling, and never throwing. */
import { badConversion } from './conversion-data.js';
import { CONTEXT_BRAND, type VisitorContext } from './context.js';
import type { DeliveryLedger } from './delivery/port.js';
import type {
  ConversionAttributes,
  Decision,
  EngineVisitor,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  Properties,
  SegmentsAttributes,
  Variation,
} from './engine/port.js';
import { asConvertError } from './errors.js';
import type { Journal } from './journal.js';
import type { Explanation, LoadedProject, Reason, Runtime } from './runtime.js';
import { applyChange } from './state.js';
import { SEGMENT_KEYS, type ReportSegments } from './tracking.js';
import type { Consent } from './visitor/consent.js';
import type { Visitor } from './visitor/identity.js';

/** Whether, and as whom, a visitor takes part. Resolved once. */
export type Visit =
  | { readonly closed: Reason; readonly visitor: Visitor; readonly journal?: undefined }
  | {
      readonly closed: undefined;
      readonly visitor: Visitor;
      readonly project: LoadedProject;
      readonly journal: Journal;
      /** Why decisions leave no trace; undefined where they enrol. */
      readonly traceless: 'head-request' | 'no-identity' | undefined;
    };

/** Stands in where the visitor can't be known. */
export const NOBODY: Visitor = {
  id: '',
  origin: 'minted',
  consent: 'unknown',
  gate: 'consent',
  mode: 'silent',
  withdrawn: undefined,
};

/** What both kinds of context do. How the visitor is found, and when things are committed, is theirs. */
export abstract class BaseContext implements VisitorContext {
  readonly #runtime: Runtime;
  /** By experience key: what was decided through this context first. */
  protected decided: Map<string, Decision> | undefined;
  #visit: Visit | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Not a field: templates' locals get serialised and printed, and the runtime holds the whole project. */
  protected get runtime(): Runtime {
    return this.#runtime;
  }

  /** On the prototype: it costs a context nothing. */
  get [CONTEXT_BRAND](): true {
    return true;
  }

  protected abstract resolve(): Visit;
  protected abstract readonly locations: Properties;
  protected abstract readonly properties: Properties;
  /** Something was recorded: sees to it that it is committed. */
  protected abstract recorded(journal: Journal): void;

  protected get visit(): Visit {
    if (this.#visit === undefined) {
      try {
        this.#visit = this.resolve();
      } catch (error) {
        this.#fail(error);
        this.#visit = { closed: 'disabled', visitor: NOBODY };
      }
    }
    return this.#visit;
  }

  /** The visit if it was resolved already. */
  protected get resolved(): Visit | undefined {
    return this.#visit;
  }

  get visitorId(): string {
    return this.visit.visitor.id;
  }

  get consent(): Consent {
    return this.visit.visitor.consent;
  }

  runExperience(key: string, attributes?: ExperienceAttributes): Variation | null {
    const decision = this.#decide(key, attributes, true);
    return decision?.variation ?? null;
  }

  runExperiences(attributes?: ExperienceAttributes): Variation[] {
    const { visit } = this;
    if (visit.closed !== undefined) return [];
    return this.#guard([], () => {
      const given = asObject(attributes);
      const decisions = visit.project.engine.experiences(this.#subject(visit.journal), given);
      return decisions
        .map((decision) => this.#enrol(decision, given).variation)
        .filter((variation) => variation !== null);
    });
  }

  runFeature(key: string, attributes?: FeatureAttributes): Feature | Feature[] {
    const { visit } = this;
    const disabled: Feature = { key, status: 'disabled' };
    if (visit.closed !== undefined) return disabled;
    return this.#guard<Feature | Feature[]>(disabled, () => {
      const given = asObject(attributes);
      const { features, decisions } = visit.project.engine.feature(key, this.#subject(visit.journal), given);
      for (const decision of decisions) this.#enrol(decision, given);
      return features.length === 1 ? (features[0] ?? disabled) : [...features];
    });
  }

  runFeatures(attributes?: FeatureAttributes): Feature[] {
    const { visit } = this;
    if (visit.closed !== undefined) {
      const features = this.runtime.project?.config.features ?? [];
      return features.map(({ id, key, name }) => ({ id, key, name, status: 'disabled' }));
    }
    return this.#guard([], () => {
      const given = asObject(attributes);
      const { features, decisions } = visit.project.engine.features(this.#subject(visit.journal), given);
      for (const decision of decisions) this.#enrol(decision, given);
      return [...features];
    });
  }

  trackConversion(goalKey: string, attributes?: ConversionAttributes): void {
    const { visit } = this;
    if (visit.closed !== undefined) return this.missed(visit.closed);
    this.#guard(undefined, () => {
      const given = asObject(attributes);
      const problem = badConversion(given);
      if (problem !== undefined) {
        this.runtime.warnOnce(
          `bad-data:${problem}`,
          `trackConversion: ${problem}; the conversion is dropped`,
        );
        this.runtime.outbox.drop(1, 'bad-data');
        return this.#converted(visit.visitor.id, goalKey, 'bad-data');
      }
      const outcome = visit.project.engine.conversion(goalKey, this.#subject(visit.journal), given);
      if (outcome.reason === 'goal-not-found') {
        this.runtime.warnOnce(
          `goal:${goalKey}`,
          'trackConversion: the project has no goal of that key; nothing is sent',
        );
      }
      if (visit.traceless === undefined) {
        this.#record(visit.journal, outcome.change, outcome.events);
        this.#converted(visit.visitor.id, goalKey, outcome.reason);
      } else if (visit.traceless === 'no-identity') {
        this.runtime.outbox.drop(outcome.events.length, 'no-identity');
      }
    });
  }

  setDefaultSegments(segments: ReportSegments): void {
    const given: Record<string, unknown> = asObject(segments);
    const known = SEGMENT_KEYS.filter((key) => given[key] !== undefined).map((key) => [key, given[key]]);
    if (known.length > 0) this.#keep(Object.fromEntries(known) as Record<string, unknown>);
  }

  runCustomSegments(keys: readonly string[], attributes?: SegmentsAttributes): void {
    const { visit } = this;
    if (visit.closed !== undefined || visit.traceless !== undefined) return;
    this.#guard(undefined, () => {
      const wanted = Array.isArray(keys) ? keys.map(String) : [];
      const subject = this.#subject(visit.journal);
      const change = visit.project.engine.customSegments(wanted, subject, asObject(attributes));
      this.#record(visit.journal, change, []);
    });
  }

  updateVisitorProperties(properties: Record<string, unknown>): void {
    const given = asObject(properties);
    if (Object.keys(given).length > 0) this.#keep(given);
  }

  peek(key: string, attributes?: ExperienceAttributes): Variation | null {
    return this.#decide(key, attributes, false)?.variation ?? null;
  }

  explain(key: string, attributes?: ExperienceAttributes): Explanation {
    const { visit } = this;
    if (visit.closed !== undefined) return { experienceKey: key, reason: visit.closed, variation: null };
    const decision = this.#decide(key, attributes, false);
    if (!decision) return { experienceKey: key, reason: 'disabled', variation: null };
    const { variation } = decision;
    // What was bucketed in this request is sticky from then on; the question is how it came about.
    const first = this.decided?.get(decision.experienceKey);
    const { reason } =
      decision.reason === 'sticky' && first?.variation?.id === variation?.id && first ? first : decision;
    return { experienceKey: key, reason: this.#reason(reason, variation), variation };
  }

  flush({ timeout = 5_000 }: { timeout?: number } = {}): Promise<DeliveryLedger> {
    this.resolved?.journal?.commit();
    return this.runtime.outbox.flush(timeout);
  }

  releaseQueues(): Promise<DeliveryLedger> {
    return this.flush();
  }

  /** A conversion that can't be counted. */
  protected missed(reason: Reason): void {
    if (reason === 'not-ready') this.runtime.outbox.drop(1, 'not-ready');
  }

  #decide(key: string, attributes: ExperienceAttributes | undefined, enrol: boolean): Decision | undefined {
    const { visit } = this;
    if (visit.closed !== undefined) {
      if (enrol) this.#told(visit.visitor.id, String(key), null, visit.closed, false);
      return undefined;
    }
    return this.#guard(undefined, () => {
      const given = asObject(attributes);
      const decision = visit.project.engine.experience(String(key), this.#subject(visit.journal), given);
      return enrol ? this.#enrol(decision, given) : decision;
    });
  }

  /** Records a decision, if it may leave a trace, and tells about it. */
  #enrol(decision: Decision, { enableStorage }: ExperienceAttributes): Decision {
    const { visit } = this;
    if (visit.closed !== undefined) return decision;
    const { variation, experienceKey, change, events } = decision;
    if (variation) this.#remember(decision);
    const enrols = visit.traceless === undefined && enableStorage !== false;
    if (enrols) this.#record(visit.journal, change, events);
    else if (change) visit.journal.state = applyChange(visit.journal.state, change).state;
    const enrolled = enrols && events.length > 0 && visit.journal.enrols;
    const reason = this.#reason(decision.reason, variation);
    this.#told(visit.visitor.id, experienceKey, variation?.key ?? null, reason, enrolled);
    return decision;
  }

  #reason(reason: Decision['reason'], variation: Variation | null): Reason {
    const { visit } = this;
    return variation && visit.closed === undefined && visit.traceless === 'no-identity'
      ? 'no-identity'
      : reason;
  }

  /** The first decision stays, unless another one took its place. */
  #remember(decision: Decision): void {
    this.decided ??= new Map();
    const first = this.decided.get(decision.experienceKey);
    if (first?.variation?.id !== decision.variation?.id) this.decided.set(decision.experienceKey, decision);
  }

  #keep(segments: Record<string, unknown>): void {
    const { visit } = this;
    if (visit.closed !== undefined || visit.traceless !== undefined) return;
    this.#guard(undefined, () => this.#record(visit.journal, { segments: structuredClone(segments) }, []));
  }

  #record(journal: Journal, ...[change, events]: Parameters<Journal['record']>): void {
    journal.record(change, events);
    if (journal.pending) this.recorded(journal);
  }

  #subject(journal: Journal): EngineVisitor {
    return {
      id: this.visit.visitor.id,
      state: journal.state,
      locationProperties: this.locations,
      visitorProperties: this.properties,
      environment: this.runtime.environment,
    };
  }

  #told(
    visitorId: string,
    experienceKey: string,
    variationKey: string | null,
    reason: Reason,
    enrolled: boolean,
  ): void {
    this.runtime.emit('decision', { visitorId, experienceKey, variationKey, reason, enrolled });
  }

  #converted(
    visitorId: string,
    goalKey: string,
    outcome: 'bad-data' | ReturnType<LoadedProject['engine']['conversion']>['reason'],
  ): void {
    this.runtime.emit('conversion', { visitorId, goalKey, outcome });
  }

  /** Nothing of ours is thrown into a request. */
  #guard<T>(otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#fail(error);
      return otherwise;
    }
  }

  #fail(error: unknown): void {
    this.runtime.report(
      asConvertError(error, 'CONVERT_INTERNAL', 'a decision failed, the visitor gets the original'),
    );
  }
}

function asObject<T extends object>(value: T | undefined): T {
  return typeof value === 'object' && value !== null ? value : ({} as T);
}
