import type { Consent } from '../consent/consent.js';
import type { DeliveryLedger } from '../delivery/types.js';
import { textOf } from '../engine/coerce.js';
import { badConversion } from '../engine/conversions.js';
import type {
  ConversionAttributes,
  Decision,
  EngineEvent,
  EngineMemo,
  EngineVisitor,
  ExperienceAttributes,
  Feature,
  FeatureAttributes,
  Properties,
  SegmentsAttributes,
  Variation,
} from '../engine/types.js';
import type { Visitor } from '../identity/visitor-identity.js';
import { type ReportSegments, SEGMENT_KEYS } from '../model/tracking-event.js';
import { mergeChanges } from '../model/visitor-state/apply-change.js';
import type { StateChange } from '../model/visitor-state/types.js';
import { asConvertError } from '../utils/errors.js';
import { FLUSH_TIMEOUT, type LoadedProject, type Runtime } from './runtime.js';
import { CONTEXT_BRAND, type Explanation, type Reason, type VisitorContext } from './types.js';
import type { UnitOfWork } from './unit-of-work.js';

/** Whether, and as whom, a visitor takes part. Resolved once. */
export type Participation =
  | { readonly closed: Reason; readonly visitor: Visitor; readonly journal?: undefined }
  | {
      readonly closed: undefined;
      readonly visitor: Visitor;
      readonly project: LoadedProject;
      readonly journal: UnitOfWork;
      /** Why decisions leave no trace; undefined where they enrol. */
      readonly traceless: 'head-request' | 'preview' | 'no-identity' | undefined;
      /** What a preview link shows. */
      readonly preview?: Decision | undefined;
      /** What is stored of the visitor could not be read in time. */
      readonly stateUnavailable?: boolean;
    };

type OpenParticipation = Extract<Participation, { closed: undefined }>;

/** The visitor, as the engine takes them. The state moves on from call to call; nothing else does. */
class Subject implements EngineVisitor {
  readonly memo: EngineMemo = { cached: undefined };

  constructor(
    readonly id: string,
    public state: EngineVisitor['state'],
    readonly stateUnavailable: boolean | undefined,
    readonly locationProperties: Properties,
    readonly visitorProperties: Properties,
    private readonly runtime: Runtime,
    readonly cookies: Properties | undefined,
  ) {}

  get environment(): string {
    return this.runtime.environment;
  }

  now(): number {
    return this.runtime.now();
  }
}

/** Stands in where the visitor can't be known. */
export const EXCLUDED: Visitor = {
  id: '',
  origin: 'generated',
  consent: 'unknown',
  consentBy: 'none',
  excludedBy: 'consent',
  mode: 'silent',
  withdrawn: undefined,
};

/** What both kinds of context do. How the visitor is found, and when things are committed, is theirs. */
export abstract class VisitorContextBase implements VisitorContext {
  readonly #runtime: Runtime;
  /** What was decided through this context; `#decided` where it was more than one thing. */
  #only: Decision | undefined;
  #decided: Map<string, Decision> | undefined;
  #visit: Participation | undefined;
  #subject: Subject | undefined;

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

  protected abstract resolve(): Participation;
  protected abstract readonly locations: Properties;
  protected abstract readonly properties: Properties;
  /** The cookies of the request; undefined where there is none. */
  protected get cookies(): Properties | undefined {
    return undefined;
  }

  protected get participation(): Participation {
    if (this.#visit === undefined) {
      try {
        this.#visit = this.resolve();
      } catch (error) {
        this.#fail(error);
        this.#visit = { closed: 'disabled', visitor: EXCLUDED };
      }
    }
    return this.#visit;
  }

  /** The visit if it was resolved already. */
  protected get resolved(): Participation | undefined {
    return this.#visit;
  }

  get visitorId(): string {
    return this.participation.visitor.id;
  }

  get consent(): Consent {
    return this.participation.visitor.consent;
  }

  runExperience(key: string, attributes?: ExperienceAttributes): Variation | null {
    const decision = this.#decide(key, attributes, true);
    return decision?.variation ?? null;
  }

  runExperiences(attributes?: ExperienceAttributes): Variation[] {
    const { participation: visit } = this;
    if (visit.closed !== undefined) return [];
    return this.#guard([], () => {
      const given = asObject(attributes);
      const decisions = withPreview(visit.project.engine.experiences(this.#as(visit), given), visit.preview);
      this.#enrol(visit, decisions, given);
      const variations: Variation[] = [];
      for (const { variation } of decisions) if (variation !== null) variations.push(variation);
      return variations;
    });
  }

  runFeature(given: string, attributes?: FeatureAttributes): Feature | Feature[] {
    const { participation: visit } = this;
    const key = textOf(given);
    const disabled: Feature = { key, status: 'disabled' };
    if (visit.closed !== undefined) return disabled;
    return this.#guard<Feature | Feature[]>(disabled, () => {
      const wanted = asObject(attributes);
      const { features, decisions } = visit.project.engine.feature(key, this.#as(visit), wanted);
      this.#enrol(visit, decisions, wanted);
      return features.length === 1 ? (features[0] ?? disabled) : [...features];
    });
  }

  runFeatures(attributes?: FeatureAttributes): Feature[] {
    const { participation: visit } = this;
    if (visit.closed !== undefined) {
      const features = this.runtime.project?.config.features ?? [];
      return features.map(({ id, key, name }) => ({ id, key, name, status: 'disabled' }));
    }
    return this.#guard([], () => {
      const given = asObject(attributes);
      const { features, decisions } = visit.project.engine.features(this.#as(visit), given);
      this.#enrol(visit, decisions, given);
      return [...features];
    });
  }

  trackConversion(key: string, attributes?: ConversionAttributes): void {
    const { participation: visit } = this;
    const goalKey = textOf(key);
    if (visit.closed !== undefined) return this.missed(visit.closed);
    if (visit.traceless === 'head-request' || visit.traceless === 'preview') return;
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
      const outcome = visit.project.engine.conversion(goalKey, this.#as(visit), given);
      if (outcome.reason === 'goal-not-found') {
        this.runtime.warnOnce(
          `goal:${goalKey}`,
          'trackConversion: the project has no goal of that key; nothing is sent',
        );
      }
      if (visit.traceless === undefined) {
        this.#record(visit.journal, outcome.change, outcome.events);
        this.#converted(visit.visitor.id, goalKey, outcome.reason);
      } else {
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
    const { participation: visit } = this;
    if (visit.closed !== undefined || visit.traceless !== undefined) return;
    this.#guard(undefined, () => {
      const wanted = Array.isArray(keys) ? keys.map(textOf) : [];
      const change = visit.project.engine.customSegments(wanted, this.#as(visit), asObject(attributes));
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
    const { participation: visit } = this;
    const experienceKey = textOf(key);
    const consent = { answer: visit.visitor.consent, by: visit.visitor.consentBy };
    const closed = (reason: Reason): Explanation => ({
      experienceKey,
      reason,
      variation: null,
      failed: [],
      missing: [],
      consent,
    });
    if (visit.closed !== undefined) return closed(visit.closed);
    const { preview } = visit;
    if (preview?.experienceKey === experienceKey) {
      return { ...closed('preview'), variation: preview.variation };
    }
    return this.#guard(closed('disabled'), () => {
      const explanation = visit.project.engine.explain(experienceKey, this.#as(visit), asObject(attributes));
      const { decision, failed, missing } = explanation;
      const { variation } = decision;
      // What was bucketed in this request is sticky from then on; the question is how it came about.
      const first = this.decided.get(experienceKey);
      const { reason } =
        decision.reason === 'sticky' && first?.variation?.id === variation?.id && first ? first : decision;
      return { experienceKey, reason: this.#reason(reason, variation), variation, failed, missing, consent };
    });
  }

  flush(options?: { timeout?: number }): Promise<DeliveryLedger> {
    void this.resolved?.journal?.commit();
    return this.runtime.outbox.flush(options?.timeout ?? FLUSH_TIMEOUT);
  }

  releaseQueues(): Promise<DeliveryLedger> {
    return this.flush();
  }

  /** A conversion that can't be counted. */
  protected missed(reason: Reason): void {
    if (reason === 'not-ready') this.runtime.outbox.drop(1, 'not-ready');
  }

  #decide(key: string, attributes: ExperienceAttributes | undefined, enrol: boolean): Decision | undefined {
    const { participation: visit } = this;
    if (visit.closed !== undefined) {
      if (enrol) this.#told(visit.visitor.id, textOf(key), null, visit.closed, false);
      return undefined;
    }
    // The one call that every request makes: without a closure for `#guard`.
    try {
      const given = asObject(attributes);
      const { preview } = visit;
      const decision =
        preview?.experienceKey === textOf(key)
          ? preview
          : visit.project.engine.experience(textOf(key), this.#as(visit), given);
      if (enrol) {
        const { change, events } = decision;
        this.#leave(visit, change, events, given);
        this.#tell(visit, decision, given);
      }
      return decision;
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  /** Records decisions, if they may leave a trace, and tells about them. */
  #enrol(visit: OpenParticipation, decisions: readonly Decision[], given: ExperienceAttributes): void {
    this.#leave(visit, joinedChange(decisions), eventsOf(decisions), given);
    for (const decision of decisions) this.#tell(visit, decision, given);
  }

  /** Records what decisions want to leave behind, if they may. */
  #leave(
    visit: OpenParticipation,
    change: StateChange | undefined,
    events: readonly EngineEvent[],
    given: ExperienceAttributes,
  ): void {
    if (change === undefined && events.length === 0) return;
    if (enrols(visit, given)) this.#record(visit.journal, change, events);
    // What is decided without storage, or beside a preview, is as if it never were.
    else if (change && visit.traceless !== undefined && visit.traceless !== 'preview') {
      visit.journal.applyLocally(change);
    }
  }

  #tell(visit: OpenParticipation, decision: Decision, given: ExperienceAttributes): void {
    const { variation, experienceKey, events } = decision;
    if (variation) this.#remember(decision, variation);
    if (!this.runtime.hasListener('decision')) return;
    const enrolled = events.length > 0 && enrols(visit, given) && visit.journal.enrols;
    const reason = this.#reason(decision.reason, variation);
    this.#told(visit.visitor.id, experienceKey, variation?.key ?? null, reason, enrolled);
  }

  #remember(decision: Decision, { id }: Variation): void {
    if (this.#decided === undefined) {
      if (this.#only === undefined) {
        this.#only = decision;
        return;
      }
      this.#decided = new Map([[this.#only.experienceKey, this.#only]]);
    }
    const { experienceKey } = decision;
    if (this.#decided.get(experienceKey)?.variation?.id !== id) this.#decided.set(experienceKey, decision);
  }

  /** By experience key: what was decided first, unless another variation took its place. */
  protected get decided(): ReadonlyMap<string, Decision> {
    if (this.#decided !== undefined) return this.#decided;
    return new Map(this.#only && [[this.#only.experienceKey, this.#only]]);
  }

  #reason(reason: Decision['reason'], variation: Variation | null): Reason {
    const { participation: visit } = this;
    return variation && visit.closed === undefined && visit.traceless === 'no-identity'
      ? 'no-identity'
      : reason;
  }

  #keep(segments: Record<string, unknown>): void {
    const { participation: visit } = this;
    if (visit.closed !== undefined || visit.traceless !== undefined) return;
    this.#guard(undefined, () => this.#record(visit.journal, { segments: structuredClone(segments) }, []));
  }

  #record(journal: UnitOfWork, ...[change, events]: Parameters<UnitOfWork['record']>): void {
    journal.record(change, events);
    if (journal.pending) journal.scheduleCommit();
  }

  /** The visitor, as the engine takes them; one object for all calls. */
  #as({ visitor, journal, stateUnavailable }: OpenParticipation): EngineVisitor {
    this.#subject ??= new Subject(
      visitor.id,
      journal.state,
      stateUnavailable,
      this.locations,
      this.properties,
      this.runtime,
      this.cookies,
    );
    this.#subject.state = journal.state;
    return this.#subject;
  }

  #told(
    visitorId: string,
    experienceKey: string,
    variationKey: string | null,
    reason: Reason,
    enrolled: boolean,
  ): void {
    if (!this.runtime.hasListener('decision')) return;
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

/** The experience that is previewed comes last, as with the official SDK. */
function withPreview(decisions: Decision[], preview: Decision | undefined): Decision[] {
  if (preview === undefined) return decisions;
  return [...decisions.filter(({ experienceKey }) => experienceKey !== preview.experienceKey), preview];
}

/** True where decisions are stored and sent. */
function enrols({ traceless }: OpenParticipation, { enableStorage }: ExperienceAttributes): boolean {
  return traceless === undefined && enableStorage !== false;
}

function joinedChange(decisions: readonly Decision[]): StateChange | undefined {
  const changes: StateChange[] = [];
  for (const { change } of decisions) if (change !== undefined) changes.push(change);
  return changes.length > 1 ? mergeChanges(...changes) : changes[0];
}

function eventsOf(decisions: readonly Decision[]): readonly EngineEvent[] {
  const all: EngineEvent[] = [];
  for (const { events } of decisions) if (events.length > 0) all.push(...events);
  return all;
}

const NO_ATTRIBUTES = Object.freeze({});

function asObject<T extends object>(value: T | undefined): T {
  return typeof value === 'object' && value !== null ? value : (NO_ATTRIBUTES as T);
}
