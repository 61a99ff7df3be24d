/** Records the decisions of one context, and announces them to the app's listeners. */
import type { EngineEvent, ExperienceAttributes, FeatureOutcome, Variation } from '../engine/types.js';
import { mergeChanges } from '../model/visitor-state/apply-change.js';
import type { StateChange } from '../model/visitor-state/types.js';
import type { ContextDecision as Decision } from './decider.js';
import { type Excluded, type Included, lostIdentityIn } from './participation.js';
import { warnOfLostIdentity } from './read-only.js';
import type { Runtime } from './runtime.js';
import type { Reason } from './types.js';

const NOTHING_DECIDED: ReadonlyMap<string, Decision> = new Map();

export class DecisionRecorder {
  readonly #runtime: Runtime;
  /** The decision, as long as there is only one. If there are more, `#decided` holds all of them. */
  #only: Decision | undefined;
  #decided: Map<string, Decision> | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /**
   * The decisions with a variation, by experience key. A later decision replaces an earlier one only if its variation
   * is another.
   */
  get decided(): ReadonlyMap<string, Decision> {
    if (this.#decided !== undefined) return this.#decided;
    return this.#only === undefined ? NOTHING_DECIDED : new Map([[this.#only.experienceKey, this.#only]]);
  }

  recordOne(participation: Included, decision: Decision, given: ExperienceAttributes): void {
    persist(participation, decision.change, decision.events, given);
    this.#announce(participation, decision, given);
  }

  /** Records several decisions as one change of the visitor's state. */
  recordAll(participation: Included, decisions: readonly Decision[], given: ExperienceAttributes): void {
    persist(participation, joinedChange(decisions), eventsOf(decisions), given);
    for (const decision of decisions) this.#announce(participation, decision, given);
  }

  /** Records the decisions that were made to decide features. */
  recordFeatures(participation: Included, outcome: FeatureOutcome, given: ExperienceAttributes): void {
    this.recordAll(participation, outcome.decisions, given);
    const [feature] = outcome.features;
    // A feature that the project has is disabled with its id.
    if (feature?.status === 'disabled' && feature.id === undefined)
      this.#runtime.unknownKeys.met('feature', feature.key, participation.project.config);
  }

  /**
   * Returns what an excluded visitor gets of an experience: what a preview shows, or nothing. It is announced,
   * unless the app only peeks.
   */
  recordExcluded(
    { visitor, excludedBy, previews }: Excluded,
    experienceKey: string,
    enrol: boolean,
  ): Decision | undefined {
    const shown = previews?.get(experienceKey);
    if (!enrol) return shown;
    const variation = shown?.variation ?? null;
    if (shown !== undefined && variation) this.#remember(shown, variation);
    this.#emit(visitor.id, experienceKey, variation?.key ?? null, shown?.reason ?? excludedBy, false);
    return shown;
  }

  #announce(participation: Included, decision: Decision, given: ExperienceAttributes): void {
    const { variation, experienceKey, events } = decision;
    if (variation) this.#remember(decision, variation);
    warnOf(this.#runtime, participation, decision);
    if (!this.#runtime.hasListener('decision')) return;
    const enrolled = events.length > 0 && isPersisted(participation, given) && participation.work.enrols;
    const reason = reasonOf(participation, decision.reason, variation);
    this.#emit(participation.visitor.id, experienceKey, variation?.key ?? null, reason, enrolled);
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

  #emit(
    visitorId: string,
    experienceKey: string,
    variationKey: string | null,
    reason: Reason,
    enrolled: boolean,
  ): void {
    if (!this.#runtime.hasListener('decision')) return;
    this.#runtime.emit('decision', { visitorId, experienceKey, variationKey, reason, enrolled });
  }
}

/**
 * Tells the operator, once for each cause, that a new visitor gets another draw on each page, and once for each key,
 * that the project has no such experience.
 */
export function warnOf(runtime: Runtime, participation: Included, decision: Decision): void {
  const { variation, experienceKey, reason } = decision;
  if (variation) {
    const lost = lostIdentityIn(participation);
    if (lost !== undefined) warnOfLostIdentity(runtime, lost);
  } else if (reason === 'not-found') {
    runtime.unknownKeys.met('experience', experienceKey, participation.project.config);
  }
}

/**
 * The reason that the app gets: `no-identity` if a variation was decided for a visitor whose id can't be handed out any
 * more, else the reason of the engine.
 */
export function reasonOf(
  participation: Included,
  reason: Decision['reason'],
  variation: Variation | null,
): Reason {
  return variation && lostIdentityIn(participation) !== undefined ? 'no-identity' : reason;
}

/**
 * Records the change and the events of decisions, if decisions are stored for this visitor. If not, the change may
 * still be visible to later decisions of this request.
 */
function persist(
  participation: Included,
  change: StateChange | undefined,
  events: readonly EngineEvent[],
  given: ExperienceAttributes,
): void {
  if (change === undefined && events.length === 0) return;
  if (isPersisted(participation, given)) participation.work.record(change, events);
  else if (change && seesItsDecisions(participation)) participation.work.applyLocally(change);
}

/**
 * True if decisions are recorded for the commit, which stores them and sends their exposures, as far as consent allows.
 */
function isPersisted({ status }: Included, { enableStorage }: ExperienceAttributes): boolean {
  return status === 'participating' && enableStorage !== false;
}

/**
 * True if later decisions of this request see the change of a decision that is not stored. False with `enableStorage:
 * false` and beside a preview: later decisions are made as if the decision had never been made.
 */
function seesItsDecisions(participation: Included): boolean {
  return participation.status === 'read-only' && participation.because !== 'preview';
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
