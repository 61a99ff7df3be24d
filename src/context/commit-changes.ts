/** Commits what was recorded for one visitor: events go to the outbox, changes and their claims to the store. */
import type { Offer } from '../delivery/types.js';
import type { EngineEvent } from '../engine/types.js';
import type { ReportSegments, VisitorEvent } from '../model/tracking-event.js';
import { claimsOf, experienceClaim, withoutClaims } from '../model/visitor-state/claims.js';
import type { Committed, DeferredEvent, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import { CLAIM_LEASE } from './claim-leases.js';
import type { RevocationReason, Runtime } from './runtime.js';
import { isThenable } from '../utils/objects.js';

export type RecordedEvent = EngineEvent | DeferredEvent;

/** The visitor whose changes are committed. */
export interface CommitTarget {
  readonly visitorId: string;
  readonly storeKey: string;
  /**
   * The visitor's state as the store returned it last; null if nothing was stored; undefined if the state could not be
   * read.
   */
  readonly known: VisitorState | null | undefined;
  /** True if the visitor id may never come back: nothing was stored of it, and it is no id of the app. */
  readonly ephemeral: boolean;
  /** True if the visitor id was generated in this request, so that no other request can have stored anything of it. */
  readonly isNewId: boolean;
  /** The value of `revocations.generation` when the visitor's consent was read. A later revocation stops the commit. */
  readonly generation: number;
}

/** The events of one commit, on their way to the outbox. */
interface SentEvents {
  readonly events: readonly RecordedEvent[];
  /** The events as they were offered, at the same indexes. */
  readonly offered: readonly VisitorEvent[];
  readonly offer: Offer;
  /** The claims that need a lease. */
  readonly claims: readonly string[];
}

const NO_CLAIMS: readonly string[] = [];
const NOTHING_LOST: ReadonlySet<string> = new Set();

/** The result of a commit if the store was not called, or failed. */
const NOT_STORED: Committed = { state: {}, lost: NOTHING_LOST };

export class ChangeCommitter {
  readonly #runtime: Runtime;
  readonly #target: CommitTarget;
  /** True once a commit was sent to the store: the next one is not the visitor's first (`CommitOptions.first`). */
  #isStored = false;
  #known: VisitorState | null | undefined;
  /** The claims that are not stored, because the outbox refused their events; undefined if there are none. */
  #refused: ReadonlySet<string> | undefined;
  /**
   * Resolves when the offers that were made so far are confirmed to the outbox; undefined if none waits for the store.
   */
  #confirming: Promise<void> | undefined;

  constructor(runtime: Runtime, target: CommitTarget) {
    this.#runtime = runtime;
    this.#target = target;
    this.#known = target.known;
  }

  /**
   * Why nothing may be stored or sent for this visitor: since the request began, consent was withdrawn or the visitor
   * was forgotten. Undefined if neither happened.
   */
  get revoked(): RevocationReason | undefined {
    return this.#runtime.revocations.since(this.#target.storeKey, this.#target.generation);
  }

  /**
   * False if the outbox refused the exposure of this experience. Then the variation is not stored, so that a later
   * request exposes the visitor.
   */
  isKept(experienceId: string): boolean {
    return this.#refused?.has(experienceClaim(experienceId)) !== true;
  }

  /** Stores the change and its events as deferred: they wait in the visitor's state until the visitor consents. */
  defer(
    change: StateChange,
    events: readonly RecordedEvent[],
    segments: ReportSegments | undefined,
  ): Committed | Promise<Committed> {
    const entry = { at: this.#runtime.now(), change, events: events.map((each) => ({ segments, ...each })) };
    return this.#store({ hold: entry });
  }

  /** Stores the change, and sends its events, except those whose claim another request made first. */
  commit(
    change: StateChange,
    events: readonly RecordedEvent[],
    segments: ReportSegments | undefined,
  ): Committed | Promise<Committed> {
    const { visitorId } = this.#target;
    const offered = events.map((recorded): VisitorEvent => {
      const own = Object.hasOwn(recorded, 'segments') ? (recorded as DeferredEvent).segments : undefined;
      return { visitorId, segments: own ?? segments, event: recorded.event };
    });
    const offer = this.#runtime.outbox.offer(offered);
    let kept = change;
    if (offer.refused.size > 0) {
      const refused = refusedClaims(events, offered, offer);
      kept = withoutClaims(change, refused);
      this.#refused = new Set([...(this.#refused ?? []), ...refused]);
    }
    const claims = this.#runtime.claimLeases === undefined ? NO_CLAIMS : takenClaims(events, offered, offer);
    const committed = this.#store(claims.length > 0 ? this.#leased(kept, claims) : kept);
    const sent: SentEvents = { events, offered, offer, claims };
    if (committed instanceof Promise || this.#confirming !== undefined) this.#confirmInOrder(committed, sent);
    else this.#confirm(committed, sent);
    return committed;
  }

  /** Stores a change without events, and for good, even if the visitor id may never come back. */
  keep(change: StateChange): Committed | Promise<Committed> {
    return this.#store(change, false);
  }

  #confirm(committed: Committed, { events, offered, offer, claims }: SentEvents): void {
    const { lost, state } = committed;
    const notSent = lostEvents(events, offered, lost);
    offer.confirm(notSent, this.#leaseOf(claims, lost, state));
    // If the store failed, the assignment is not stored: a later request may expose the visitor again.
    if (committed === NOT_STORED || !this.#runtime.hasListener('exposure')) return;
    for (const event of offered) {
      if (!offer.refused.has(event) && notSent?.has(event) !== true) announceExposure(this.#runtime, event);
    }
  }

  #leased(change: StateChange, claims: readonly string[]): StateChange {
    return Object.assign({ pending: { claims, until: this.#runtime.now() + CLAIM_LEASE } }, change);
  }

  /**
   * Opens a lease for those of the claims that were won. Returns the function to call once their events outlive this
   * process; undefined if no claim needs a lease.
   */
  #leaseOf(
    claims: readonly string[],
    lost: ReadonlySet<string>,
    known: VisitorState,
  ): (() => void) | undefined {
    if (claims.length === 0) return undefined;
    const names = claims.filter((name) => !lost.has(name));
    // If the visitor was forgotten during the commit, nothing more is stored for them.
    if (names.length === 0 || this.revoked === 'forgotten') return undefined;
    const { storeKey, ephemeral } = this.#target;
    return this.#runtime.claimLeases?.open({ storeKey, names, ephemeral, known });
  }

  /**
   * Confirms offers in the order in which they were made, even if a later one need not wait for the store: a conversion
   * must not be sent before the exposure that it depends on.
   */
  #confirmInOrder(committed: Committed | Promise<Committed>, sent: SentEvents): void {
    const before = this.#confirming;
    const both = before === undefined ? committed : before.then(() => committed);
    const confirming = Promise.resolve(both).then((result) => {
      this.#safely(() => this.#confirm(result, sent));
      if (this.#confirming === confirming) this.#confirming = undefined;
    });
    this.#confirming = confirming;
  }

  /**
   * Commits the change to the store. If the store fails, no claim counts as lost, so that all events are sent: an
   * exposure that is sent twice does no harm, because Convert's enrichment counts it once.
   */
  #store(change: StateChange, ephemeral = this.#target.ephemeral): Committed | Promise<Committed> {
    if (isEmpty(change)) return NOT_STORED;
    const { storeKey, isNewId } = this.#target;
    try {
      const first = isNewId && !this.#isStored;
      this.#isStored = true;
      const { store, maxStateBytes } = this.#runtime;
      const bounded =
        maxStateBytes === undefined ? change : Object.assign({ maxBytes: maxStateBytes }, change);
      // A store that outlives the process may hold claims of a process that has died. `at` tells the store which of
      // these claims have lapsed.
      const dated = store.outlives === true ? Object.assign({ at: this.#runtime.now() }, bounded) : bounded;
      const committed = store.commit(storeKey, dated, { ephemeral, first, known: this.#known });
      if (!isThenable(committed)) {
        this.#count(committed);
        return committed;
      }
      // After STORE_LIMIT milliseconds, the events no longer wait for a store that does not answer.
      return withStoreTimeout(STORE_LIMIT, committed).then(
        (result) => {
          // A store of the app may resolve with anything.
          if (!isCommitted(result)) return this.#failed(new TypeError('commit() gave no { state, lost }'));
          this.#known = result.state;
          this.#undoIfForgotten();
          this.#safely(() => this.#count(result));
          return result;
        },
        (error: unknown) => this.#failed(error),
      );
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Counts what was dropped of the state, and what waited for consent in it. */
  #count({ forgotten, trimmed }: Committed): void {
    if (forgotten) this.#runtime.outbox.drop(forgotten, 'consent');
    if (trimmed) this.#runtime.stateProblems.met('trimmed', trimmed);
  }

  /**
   * Runs `work`, and reports its error to the operator: an outbox or a store of the app may throw, and no caller waits
   * for the work.
   */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#runtime.report(
        asConvertError(error, 'CONVERT_CALLBACK', 'the outbox or the store of the app failed'),
      );
    }
  }

  /**
   * Deletes the visitor's state again if the visitor was forgotten during the commit: the store may have executed the
   * deletion before the commit.
   */
  #undoIfForgotten(): void {
    if (this.revoked !== 'forgotten') return;
    const deleted = withStoreTimeout(STORE_LIMIT, this.#runtime.store.delete(this.#target.storeKey));
    void deleted.catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): Committed {
    this.#runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to commit'));
    return NOT_STORED;
  }
}

function announceExposure(runtime: Runtime, { visitorId, event }: VisitorEvent): void {
  if (event.eventType !== 'bucketing') return;
  const { experienceId, variationId } = event.data;
  const isOf =
    (id: string) =>
    (each: { id?: unknown }): boolean =>
      String(each.id) === id;
  const experience = runtime.project?.config.experiences?.find(isOf(experienceId));
  const variation = experience?.variations?.find(isOf(variationId));
  const [experienceKey, variationKey] = [experience?.key, variation?.key];
  const at = runtime.now();
  runtime.emit('exposure', { visitorId, experienceId, experienceKey, variationId, variationKey, at });
}

/**
 * The claims of events that the outbox took. These claims need a lease: if this process dies, its events may be lost,
 * but the stored claims are not.
 */
function takenClaims(
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  { refused }: Offer,
): string[] {
  const taken = events.filter((_, index) => !refused.has(offered[index]!));
  return [...new Set(taken.flatMap(claimsOf))];
}

/**
 * The claims of events that the outbox refused. They must not be stored, so that a later request exposes the visitor. A
 * claim that several events share (a conversion and its transaction) is stored if the outbox took one of the events.
 */
function refusedClaims(
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  offer: Offer,
): ReadonlySet<string> {
  const refused = events.filter((_, index) => offer.refused.has(offered[index]!));
  const claims = new Set(refused.flatMap(claimsOf));
  for (const claim of takenClaims(events, offered, offer)) claims.delete(claim);
  return claims;
}

/** The events that must not be sent, because another request made their claim first; undefined if there are none. */
function lostEvents(
  events: readonly RecordedEvent[],
  offered: readonly VisitorEvent[],
  lost: ReadonlySet<string>,
): ReadonlySet<VisitorEvent> | undefined {
  if (lost.size === 0) return undefined;
  const isLost = (recorded: RecordedEvent): boolean => claimsOf(recorded).some((claim) => lost.has(claim));
  return new Set(offered.filter((_, index) => isLost(events[index]!)));
}

function isCommitted(result: unknown): result is Committed {
  const { state, lost } = (result ?? {}) as Partial<Committed>;
  return typeof state === 'object' && state !== null && lost instanceof Set;
}

function isEmpty(change: StateChange): boolean {
  for (const _ in change) return false;
  return true;
}
