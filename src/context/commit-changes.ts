/**
 * Commits the record of one visitor: events go to the outbox, changes and their claims to the store. The file has over
 * 300 lines since it is one class: every step of a commit may end it, and each end settles the same claims.
 */
import type { VisitorEvent } from '../model/tracking-event.js';
import { experienceClaim, withoutClaims } from '../model/visitor-state/claims.js';
import type { Committed, DeferredEvent, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { CLOSING } from '../store/commit-waits.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { asConvertError } from '../utils/errors.js';
import { CLAIM_LEASE } from './claim-leases.js';
import { resultOf } from './conversion-outcomes.js';
import type { RevocationReason, Runtime } from './runtime.js';
import { isThenable } from '../utils/objects.js';
import {
  lostEvents,
  type Recorded,
  refusedClaims,
  resultFor,
  type SentEvents,
  takenClaims,
  untakenEvents,
} from './sent-events.js';

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

const NO_CLAIMS: readonly string[] = [];
const NOTHING_LOST: ReadonlySet<string> = new Set();

/** The result of a commit that had nothing to store. */
const NOTHING_TO_STORE: Committed = { state: {}, lost: NOTHING_LOST };
/** The result of a commit if the store failed. */
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
  /** The number of commits that the store, or an outbox that outlives the process, has not taken yet. */
  #open = 0;
  #waiting: (() => void)[] = [];

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

  /**
   * Resolves when the store, and an outbox that outlives the process, have taken all commits so far; undefined if they
   * have.
   */
  settled(): Promise<void> | undefined {
    if (this.#open === 0) return undefined;
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Stores the change and its events as deferred: they wait in the visitor's state until the visitor consents. */
  defer({ change, events, conversions, segments }: Recorded): Committed | Promise<Committed> {
    const entry = { at: this.#runtime.now(), change, events: events.map((each) => ({ segments, ...each })) };
    const ended = (committed: Committed): void => {
      const result = resultOf(committed === NOT_STORED ? 'store-unavailable' : 'deferred');
      for (const { conversion } of conversions) conversion.settle(result);
    };
    this.#open += 1;
    const committed = this.#store({ hold: entry });
    if (committed instanceof Promise)
      void committed.then((result) => this.#safely(() => ended(result))).then(() => this.#close());
    else {
      ended(committed);
      this.#close();
    }
    return committed;
  }

  /** Stores the change, and sends its events, except those whose claim another request made first. */
  commit({ change, events, conversions, segments }: Recorded): Committed | Promise<Committed> {
    const { visitorId } = this.#target;
    const offered = events.map((recorded): VisitorEvent => {
      const own = Object.hasOwn(recorded, 'segments') ? (recorded as DeferredEvent).segments : undefined;
      return { visitorId, segments: own ?? segments, event: recorded.event };
    });
    const offer = this.#runtime.outbox.offer(offered);
    const sent = { events, conversions, offered, offer, untaken: untakenEvents(conversions, offered, offer) };
    let kept = change;
    if (sent.untaken.size > 0) {
      const refused = refusedClaims(sent);
      kept = withoutClaims(change, refused);
      this.#refused = this.#refused === undefined ? refused : new Set([...this.#refused, ...refused]);
    }
    const claims = this.#runtime.claimLeases === undefined ? NO_CLAIMS : takenClaims(sent);
    const committed = this.#store(claims.length > 0 ? this.#leased(kept, claims) : kept);
    this.#open += 1;
    if (committed instanceof Promise || this.#confirming !== undefined)
      this.#confirmInOrder(committed, sent, claims);
    else this.#confirm(committed, sent, claims);
    return committed;
  }

  /** Stores a change without events, and for good, even if the visitor id may never come back. */
  keep(change: StateChange): Committed | Promise<Committed> {
    return this.#store(change, false);
  }

  /** `claims` are those that need a lease. */
  #confirm(committed: Committed, sent: SentEvents, claims: readonly string[]): void {
    const { conversions, offered, offer, untaken } = sent;
    const { lost, state } = committed;
    const notSent = lostEvents(sent, lost);
    const isSent = (event: VisitorEvent): boolean => !untaken.has(event) && notSent?.has(event) !== true;
    // An outbox that gets nothing has nothing to store.
    const isStoredLater = this.#runtime.outbox.outlives === true && offered.some(isSent);
    const settleClaims = this.#leaseOf(claims, lost, state);
    const kept = (): void => {
      settleClaims?.();
      for (const { conversion } of conversions) conversion.isSafe = true;
      this.#close();
    };
    offer.confirm(notSent, isStoredLater ? kept : settleClaims);
    for (const each of conversions) {
      const result = resultFor(each, sent, isSent, committed !== NOT_STORED);
      const isOwnStoredLater = isStoredLater && offered.slice(each.from, each.to).some(isSent);
      each.conversion.settle(result, !isOwnStoredLater);
    }
    if (!isStoredLater) this.#close();
    // If the store failed, the assignment is not stored: a later request may expose the visitor again.
    if (committed === NOT_STORED || !this.#runtime.hasListener('exposure')) return;
    for (const event of offered) if (isSent(event)) announceExposure(this.#runtime, event);
  }

  #close(): void {
    this.#open -= 1;
    if (this.#open === 0) for (const resolve of this.#waiting.splice(0)) resolve();
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
  #confirmInOrder(
    committed: Committed | Promise<Committed>,
    sent: SentEvents,
    claims: readonly string[],
  ): void {
    const before = this.#confirming;
    const both = before === undefined ? committed : before.then(() => committed);
    const confirming = Promise.resolve(both).then((result) => {
      this.#safely(() => this.#confirm(result, sent, claims));
      if (this.#confirming === confirming) this.#confirming = undefined;
    });
    this.#confirming = confirming;
  }

  /**
   * Commits the change to the store. If the store fails, no claim counts as lost, so that all events are sent: an
   * exposure that is sent twice does no harm, because Convert's enrichment counts it once.
   */
  #store(
    change: StateChange,
    // The text that carries the visitor may come back when the visitor does not.
    ephemeral = this.#target.ephemeral && change.carried === undefined,
  ): Committed | Promise<Committed> {
    if (isEmpty(change)) return NOTHING_TO_STORE;
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
      if (!isThenable(committed)) return this.#stored(committed);
      // After some time, the events no longer wait for a store that does not answer.
      return this.#runtime.commitWaits.within(committed).then(
        (result) => {
          const stored = this.#stored(result);
          if (stored !== NOT_STORED) this.#undoIfForgotten();
          return stored;
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

  /** Takes the answer of the store, which may be anything if the store is one of the app. */
  #stored(committed: Committed): Committed {
    if (!isCommitted(committed)) return this.#failed(new TypeError('commit() gave no { state, lost }'));
    this.#known = committed.state;
    this.#safely(() => this.#count(committed));
    return committed;
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
    if (error !== CLOSING)
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

function isCommitted(result: unknown): result is Committed {
  const { state, lost } = (result ?? {}) as Partial<Committed>;
  return typeof state === 'object' && state !== null && lost instanceof Set;
}

function isEmpty(change: StateChange): boolean {
  for (const _ in change) return false;
  return true;
}
