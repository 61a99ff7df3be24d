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
  /** The store's last answer: null if it holds nothing, undefined if that is not known. */
  readonly known: VisitorState | null | undefined;
  /** The id was issued in this request and may never come back. */
  readonly ephemeral: boolean;
  /** The value of `revocations.generation` when consent was asked. */
  readonly generation: number;
}

/** An event between its offer and its confirmation. */
interface PendingEvent {
  /** The event with its claims. */
  readonly recorded: RecordedEvent;
  /** The object by which the outbox knows it. */
  readonly offered: VisitorEvent;
}

const NO_CLAIMS: readonly string[] = [];
const NOTHING_LOST: ReadonlySet<string> = new Set();

/** Stands in for the answer of a store that was not asked, or failed. */
const NOT_STORED: Committed = { state: {}, lost: NOTHING_LOST };

export class ChangeCommitter {
  readonly #runtime: Runtime;
  readonly #target: CommitTarget;
  /** Something was committed to the store. */
  #isStored = false;
  #known: VisitorState | null | undefined;
  /** Claims whose events the outbox refused. */
  #refused: ReadonlySet<string> | undefined;
  /** The confirmation of an earlier offer, if that is still to come. */
  #confirming: Promise<void> | undefined;

  constructor(runtime: Runtime, target: CommitTarget) {
    this.#runtime = runtime;
    this.#target = target;
    this.#known = target.known;
  }

  /** Why nothing of this visitor is to be kept any more, since the request began. */
  get revoked(): RevocationReason | undefined {
    return this.#runtime.revocations.since(this.#target.storeKey, this.#target.generation);
  }

  /** False if the exposure was refused: the assignment is not stored, so that the visitor is exposed another time. */
  isKept(experienceId: string): boolean {
    return this.#refused?.has(experienceClaim(experienceId)) !== true;
  }

  /** Stores change and events until consent is there. */
  defer(
    change: StateChange,
    events: readonly RecordedEvent[],
    segments: ReportSegments | undefined,
  ): Committed | Promise<Committed> {
    const entry = { at: this.#runtime.now(), change, events: events.map((each) => ({ segments, ...each })) };
    const count = ({ forgotten }: Committed): void => {
      if (forgotten) this.#runtime.outbox.drop(forgotten, 'consent');
    };
    const committed = this.#store({ hold: entry });
    if (committed instanceof Promise) void committed.then((result) => this.#safely(() => count(result)));
    else count(committed);
    return committed;
  }

  /** Stores the change, and sends the events whose claims nobody else made before. */
  commit(
    change: StateChange,
    events: readonly RecordedEvent[],
    segments: ReportSegments | undefined,
  ): Committed | Promise<Committed> {
    const { visitorId } = this.#target;
    const pending = events.map((recorded): PendingEvent => {
      const own = 'segments' in recorded ? recorded.segments : undefined;
      return { recorded, offered: { visitorId, segments: own ?? segments, event: recorded.event } };
    });
    const offer = this.#runtime.outbox.offer(pending.map(({ offered }) => offered));
    let kept = change;
    if (offer.refused.size > 0) {
      const refused = refusedClaims(pending, offer);
      kept = withoutClaims(change, refused);
      this.#refused = new Set([...(this.#refused ?? []), ...refused]);
    }
    const claims = this.#runtime.claimLeases === undefined ? NO_CLAIMS : takenClaims(pending, offer);
    const committed = this.#store(claims.length > 0 ? this.#leased(kept, claims) : kept);
    const finish = ({ lost, state }: Committed): void =>
      offer.confirm(lostEvents(pending, lost), this.#leaseOf(claims, lost, state));
    if (committed instanceof Promise || this.#confirming !== undefined)
      this.#confirmInOrder(committed, finish);
    else finish(committed);
    return committed;
  }

  #leased(change: StateChange, claims: readonly string[]): StateChange {
    return Object.assign({ pending: { claims, until: this.#runtime.now() + CLAIM_LEASE } }, change);
  }

  /** Opens a lease for claims; the function that it returns is for when their events outlive this process. */
  #leaseOf(
    claims: readonly string[],
    lost: ReadonlySet<string>,
    known: VisitorState,
  ): (() => void) | undefined {
    if (claims.length === 0) return undefined;
    const names = claims.filter((name) => !lost.has(name));
    // Nothing more is written of a visitor who was forgotten meanwhile.
    if (names.length === 0 || this.revoked === 'forgotten') return undefined;
    const { storeKey, ephemeral } = this.#target;
    return this.#runtime.claimLeases?.open({ storeKey, names, ephemeral, known });
  }

  /** An event that depends on an exposure must not go before it, even if the store has nothing to say of the event. */
  #confirmInOrder(committed: Committed | Promise<Committed>, finish: (committed: Committed) => void): void {
    const before = this.#confirming;
    const both = before === undefined ? committed : before.then(() => committed);
    const confirming = Promise.resolve(both).then((result) => {
      this.#safely(() => finish(result));
      if (this.#confirming === confirming) this.#confirming = undefined;
    });
    this.#confirming = confirming;
  }

  /** A store that fails loses nobody's exposure: enrichment at Convert sorts out doubles. */
  #store(change: StateChange): Committed | Promise<Committed> {
    if (isEmpty(change)) return NOT_STORED;
    const { storeKey, ephemeral } = this.#target;
    try {
      const first = ephemeral && !this.#isStored;
      this.#isStored = true;
      const { store } = this.#runtime;
      // A store that outlives its processes may hold claims of a dead one, which lapse.
      const dated = store.outlives === true ? Object.assign({ at: this.#runtime.now() }, change) : change;
      const committed = store.commit(storeKey, dated, { ephemeral, first, known: this.#known });
      if (!isThenable(committed)) return committed;
      // Past the limit, a store that doesn't answer no longer holds back the events.
      return withStoreTimeout(STORE_LIMIT, committed).then(
        (result) => {
          // An app's own store may answer anything.
          if (!isCommitted(result)) return this.#failed(new TypeError('commit() gave no { state, lost }'));
          this.#known = result.state;
          this.#undoIfForgotten();
          return result;
        },
        (error: unknown) => this.#failed(error),
      );
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Outbox and store may be the app's own, and throw: nobody is left to hear of it but the operator. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#runtime.report(
        asConvertError(error, 'CONVERT_CALLBACK', 'the outbox or the store of the app failed'),
      );
    }
  }

  /** If the visitor was forgotten during the commit, the store may have done both in the other order. */
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

/** Claims of events that the outbox took: the events may be lost with this process, though what is stored is not. */
function takenClaims(pending: readonly PendingEvent[], { refused }: Offer): readonly string[] {
  const claims = new Set<string>();
  for (const { recorded, offered } of pending) {
    if (!refused.has(offered)) for (const claim of claimsOf(recorded)) claims.add(claim);
  }
  return [...claims];
}

/**
 * Claims of events that the outbox refused: they must not be stored, so that the visitor is exposed another time. A
 * claim of several events (a conversion and its transaction) stands as long as one of them was taken.
 */
function refusedClaims(pending: readonly PendingEvent[], offer: Offer): ReadonlySet<string> {
  const claims = new Set<string>();
  for (const { recorded, offered } of pending) {
    if (offer.refused.has(offered)) for (const claim of claimsOf(recorded)) claims.add(claim);
  }
  for (const claim of takenClaims(pending, offer)) claims.delete(claim);
  return claims;
}

/** The events that don't go, because their claim was lost to another request; undefined if there are none. */
function lostEvents(
  pending: readonly PendingEvent[],
  lost: ReadonlySet<string>,
): ReadonlySet<VisitorEvent> | undefined {
  if (lost.size === 0) return undefined;
  const isLost = ({ recorded }: PendingEvent): boolean => claimsOf(recorded).some((claim) => lost.has(claim));
  return new Set(pending.filter(isLost).map(({ offered }) => offered));
}

function isCommitted(result: unknown): result is Committed {
  const { state, lost } = (result ?? {}) as Partial<Committed>;
  return typeof state === 'object' && state !== null && lost instanceof Set;
}

function isEmpty(change: StateChange): boolean {
  for (const _ in change) return false;
  return true;
}
