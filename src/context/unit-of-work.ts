/** What was decided and tracked for one visitor, kept until it is committed: the store and the outbox in one step. */
import type { DropReason } from '../delivery/types.js';
import type { OutgoingResponse } from '../model/http.js';
import { type ReportSegments, SEGMENT_KEYS, type VisitorEvent } from '../model/tracking-event.js';
import {
  applyChange,
  countEvents,
  freshlyDeferred,
  mergeChanges,
  withDeferredChanges,
} from '../model/visitor-state/apply-change.js';
import { experienceClaim, withoutClaims } from '../model/visitor-state/claims.js';
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { STORE_LIMIT, withStoreTimeout } from '../store/types.js';
import { isThenable } from '../utils/app-callback.js';
import { asConvertError } from '../utils/errors.js';
import { CLAIM_LEASE } from './claim-leases.js';
import { confirm, type RecordedEvent, refusedClaims, takenClaims } from './commit-changes.js';
import type { AfterCommit, Runtime, Uncommitted, RevocationReason } from './runtime.js';

export interface UnitOfWorkOptions {
  visitorId: string;
  storeKey: string;
  /** What the store holds of the visitor, as decisions see it; undefined where it holds nothing or was not asked. */
  stored: VisitorState | undefined;
  /** What the store itself said: null where it holds nothing, undefined where it is not known. */
  known: VisitorState | null | undefined;
  /** `enrol` stores and sends, `hold` stores and waits for consent, `silent` does neither. */
  mode: 'enrol' | 'hold' | 'silent';
  /** The id was issued in this request and may never come back. */
  ephemeral: boolean;
  /** The visitor is here, with nothing against their taking part: that is remembered for jobs. */
  consented: boolean;
  /** What `withdrawals.generation` was when consent was asked. */
  generation: number;
  /** What tells the report segments; asked when something is committed. */
  facts: { segments(): ReportSegments | undefined } | undefined;
  /** Undefined where there is none: jobs. */
  response: OutgoingResponse | undefined;
  /** The framework's own; undefined for jobs. */
  request: unknown;
}

const NOTHING: StateChange = Object.freeze({});
const NO_EVENTS: readonly RecordedEvent[] = [];
const NOTHING_LOST: ReadonlySet<string> = new Set();

const NO_CLAIMS: readonly string[] = [];
const NOTHING_STORED: VisitorState = Object.freeze({});

/** What the store says where it was not asked, or failed. */
const NOT_STORED: Committed = { state: {}, lost: NOTHING_LOST };

/** What was recorded in this turn of the loop: one immediate for all. */
let due: UnitOfWork[] = [];

function commitDue(): void {
  const journals = due;
  due = [];
  for (const journal of journals) {
    journal.onCommitTick();
  }
}

export class UnitOfWork implements Uncommitted {
  place: number | undefined = undefined;
  readonly #runtime: Runtime;
  readonly visitorId: string;
  readonly storeKey: string;
  readonly #ephemeral: boolean;
  readonly #consented: boolean;
  readonly #generation: number;
  readonly #facts: UnitOfWorkOptions['facts'];
  readonly #response: OutgoingResponse | undefined;
  readonly #request: unknown;
  #mode: UnitOfWorkOptions['mode'];
  #state: VisitorState;
  /** What came last, and is not in `#state` yet: most requests never ask. */
  #localChange: StateChange | undefined;
  #discarded: DropReason | undefined;
  #change: StateChange | undefined;
  #events = NO_EVENTS;
  #pending = false;
  #isDue = false;
  #isWatched = false;
  /** What the platform waits for; undefined where there is no `waitUntil`. */
  #platformDone: AfterCommit | undefined;
  /** Something was committed to the store. */
  #isStored = false;
  /** What the store said last. */
  #known: VisitorState | null | undefined;
  #refused: ReadonlySet<string> | undefined;
  /** What was offered before, and is not confirmed yet. */
  #confirming: Promise<void> | undefined;

  constructor(runtime: Runtime, options: UnitOfWorkOptions) {
    this.#runtime = runtime;
    this.visitorId = options.visitorId;
    this.storeKey = options.storeKey;
    this.#ephemeral = options.ephemeral;
    this.#consented = options.consented;
    this.#generation = options.generation;
    this.#facts = options.facts;
    this.#response = options.response;
    this.#request = options.request;
    this.#mode = options.mode;
    this.#known = options.known;
    const stored = options.stored ?? NOTHING_STORED;
    this.#state = options.mode === 'hold' ? withDeferredChanges(stored, runtime.now()) : stored;
    if (options.mode === 'enrol') this.#resumeDeferred(stored);
  }

  /** The visitor's state as of now, with what is not committed yet. */
  get state(): VisitorState {
    if (this.#localChange !== undefined) {
      this.#state = applyChange(this.#state, this.#localChange).state;
      this.#localChange = undefined;
    }
    return this.#state;
  }

  /** True where what is recorded will be stored and sent. */
  get enrols(): boolean {
    return this.#mode === 'enrol';
  }

  /** False where the exposure of an assignment was refused: it is not stored, so that the visitor is exposed another time. */
  isKept(experienceId: string): boolean {
    return this.#refused?.has(experienceClaim(experienceId)) !== true;
  }

  /** Later decisions see the change; it is neither stored nor sent. */
  applyLocally(change: StateChange): void {
    if (this.#localChange !== undefined) this.#state = this.state;
    this.#localChange = change;
  }

  record(change: StateChange | undefined, events: readonly RecordedEvent[]): void {
    if (change) this.applyLocally(change);
    if (this.#mode === 'silent') {
      if (this.#discarded && events.length > 0) this.#runtime.outbox.drop(events.length, this.#discarded);
      return;
    }
    if (change) this.#change = this.#change === undefined ? change : mergeChanges(this.#change, change);
    if (events.length > 0) this.#events = this.#events.length === 0 ? events : [...this.#events, ...events];
    // That a visitor was at another location is no reason to write: it goes along with the next thing that is.
    if (events.length > 0 || (change && Object.keys(change).some((field) => field !== 'locations'))) {
      if (!this.#pending) {
        this.#pending = true;
        this.#runtime.uncommitted.add(this);
        this.#runtime.waitUntil?.(this.#request, (done) => (this.#platformDone = done));
      }
    }
    if (this.#pending) this.scheduleCommit();
  }

  /** Gives up what is not committed, and whatever comes after it. */
  discard(reason: DropReason): void {
    if (this.#events.length > 0) this.#runtime.outbox.drop(this.#events.length, reason);
    this.#take();
    this.#mode = 'silent';
    this.#discarded = reason;
    this.#release();
  }

  /** Never throws, and awaits nothing that the caller could feel. */
  commit(): Committed | Promise<Committed> | undefined {
    if (!this.#pending) return undefined;
    const withdrawn = this.#revoked;
    if (withdrawn !== undefined) {
      this.discard(withdrawn);
      return undefined;
    }
    const { change, events } = this.#take();
    const stored =
      this.#mode === 'hold' ? this.#commitDeferred(change, events) : this.#commitEvents(change, events);
    this.#release(stored);
    return stored;
  }

  /** Commits once the response has its head, or is over without one; never in the response's own tick. */
  scheduleCommit(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (due.push(this) === 1) setImmediate(commitDue);
  }

  /** The tick of `commitSoon` is over. */
  onCommitTick(): void {
    this.#isDue = false;
    const response = this.#response;
    try {
      if (response === undefined || response.headersSent || response.closed) return void this.commit();
      // Only now: nearly all responses have their head by then, and a listener costs as much as a decision.
      if (this.#isWatched) return;
      this.#isWatched = true;
      const commit = (): void => this.scheduleCommit();
      response.onHead(commit);
      response.onClose(commit);
    } catch (error) {
      // One visitor takes no other along.
      this.#runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be committed'));
    }
  }

  /** Why nothing of this visitor is to be kept any more, since the request began. */
  get #revoked(): RevocationReason | undefined {
    return this.#runtime.revocations.since(this.storeKey, this.#generation);
  }

  /** What the platform waits for is out of our hands. */
  #release(stored?: unknown): void {
    const awaited = this.#platformDone;
    this.#platformDone = undefined;
    awaited?.(stored);
  }

  #take(): { change: StateChange; events: readonly RecordedEvent[] } {
    const taken = { change: this.#change ?? NOTHING, events: this.#events };
    this.#change = undefined;
    this.#events = NO_EVENTS;
    this.#pending = false;
    this.#runtime.uncommitted.delete(this);
    return taken;
  }

  /** Consent is there: it is recorded for jobs, and what waited for it is due. */
  #resumeDeferred(stored: VisitorState): void {
    if (this.#consented) this.#recordConsent(stored);
    if (!stored.held?.length) return;
    this.record({ release: true }, []);
    const fresh = freshlyDeferred(stored, this.#runtime.now());
    for (const { change, events } of fresh) this.record(change, events);
    const expired = countEvents(stored.held) - countEvents(fresh);
    if (expired > 0) this.#runtime.outbox.drop(expired, 'consent');
  }

  #recordConsent({ consent }: VisitorState): void {
    if (this.#runtime.consentConfigured) {
      if (consent !== 'granted') this.record({ consent: 'granted' }, []);
      // An opt-out was recorded of somebody whom nobody asks, and this request carries none.
    } else if (consent === 'denied') this.record({ consent: 'withdrawn' }, []);
  }

  #commitDeferred(change: StateChange, events: readonly RecordedEvent[]): Committed | Promise<Committed> {
    const segments = this.#segments();
    const entry = { at: this.#runtime.now(), change, events: events.map((each) => ({ segments, ...each })) };
    const count = ({ forgotten }: Committed): void => {
      if (forgotten) this.#runtime.outbox.drop(forgotten, 'consent');
    };
    const committed = this.#store({ hold: entry });
    if (committed instanceof Promise) void committed.then((result) => this.#safely(() => count(result)));
    else count(committed);
    return committed;
  }

  #commitEvents(change: StateChange, events: readonly RecordedEvent[]): Committed | Promise<Committed> {
    const segments = events.length > 0 ? this.#segments() : undefined;
    const { visitorId } = this;
    // Of its length from the start: an array that grows takes room for sixteen more.
    const offered = new Array<VisitorEvent>(events.length);
    for (let index = 0; index < events.length; index++) {
      const each = events[index]!;
      const own = 'segments' in each ? each.segments : undefined;
      offered[index] = { visitorId, segments: own ?? segments, event: each.event };
    }
    const offer = this.#runtime.outbox.offer(offered);
    let kept = change;
    if (offer.refused.size > 0) {
      const refused = refusedClaims(events, offered, offer);
      kept = withoutClaims(change, refused);
      this.#refused = new Set([...(this.#refused ?? []), ...refused]);
    }
    const pending = this.#runtime.claimLeases === undefined ? NO_CLAIMS : takenClaims(events, offered, offer);
    const committed = this.#store(pending.length > 0 ? this.#leased(kept, pending) : kept);
    const finish = ({ lost, state }: Committed): void =>
      confirm(lost, events, offered, offer, this.#leaseOf(pending, lost, state));
    if (committed instanceof Promise || this.#confirming !== undefined)
      this.#confirmInOrder(committed, finish);
    else finish(committed);
    return committed;
  }

  #leased(change: StateChange, claims: readonly string[]): StateChange {
    return Object.assign({ pending: { claims, until: this.#runtime.now() + CLAIM_LEASE } }, change);
  }

  /** What to do once the events of claims outlive this process. */
  #leaseOf(
    pending: readonly string[],
    lost: ReadonlySet<string>,
    known: VisitorState,
  ): (() => void) | undefined {
    if (pending.length === 0) return undefined;
    const names = pending.filter((name) => !lost.has(name));
    // Of a visitor who was forgotten meanwhile, nothing is written.
    if (names.length === 0 || this.#revoked === 'forgotten') return undefined;
    return this.#runtime.claimLeases?.open({
      storeKey: this.storeKey,
      names,
      ephemeral: this.#ephemeral,
      known,
    });
  }

  /** What depends on an exposure must not go before it, though the store has nothing to say of it. */
  #confirmInOrder(committed: Committed | Promise<Committed>, finish: (committed: Committed) => void): void {
    const before = this.#confirming;
    const both = before === undefined ? committed : before.then(() => committed);
    const confirming = Promise.resolve(both).then((result) => {
      this.#safely(() => finish(result));
      if (this.#confirming === confirming) this.#confirming = undefined;
    });
    this.#confirming = confirming;
  }

  /** Commits to the store. A store that fails loses nobody's exposure: enrichment at Convert sorts out doubles. */
  #store(change: StateChange): Committed | Promise<Committed> {
    if (isEmpty(change)) return NOT_STORED;
    try {
      const isFirst = this.#ephemeral && !this.#isStored;
      this.#isStored = true;
      const { store } = this.#runtime;
      const options = { ephemeral: this.#ephemeral, first: isFirst, known: this.#known };
      // Who outlives its processes may hold what a dead one had begun.
      const dated = store.outlives === true ? Object.assign({ at: this.#runtime.now() }, change) : change;
      const committed = store.commit(this.storeKey, dated, options);
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

  /** What is not ours may do here what it likes: nobody is left to hear of it but the operator. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#runtime.report(
        asConvertError(error, 'CONVERT_CALLBACK', 'the outbox or the store of the app failed'),
      );
    }
  }

  /** The visitor was forgotten while the store was at it: it may have done both in the other order. */
  #undoIfForgotten(): void {
    if (this.#revoked !== 'forgotten') return;
    const { store } = this.#runtime;
    void withStoreTimeout(STORE_LIMIT, store.delete(this.storeKey)).catch((error: unknown) =>
      this.#failed(error),
    );
  }

  #failed(error: unknown): Committed {
    this.#runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to commit'));
    return NOT_STORED;
  }

  #segments(): ReportSegments | undefined {
    const derived = this.#facts?.segments();
    const { segments: stored } = this.#localChange?.segments ? this.state : this.#state;
    if (!stored) return derived;
    // What was stored for the visitor goes before what this request says.
    const merged: Record<string, unknown> = { ...derived };
    for (const key of SEGMENT_KEYS) {
      if (stored[key] !== undefined) merged[key] = stored[key];
    }
    return merged;
  }
}

function isCommitted(result: unknown): result is Committed {
  const { state, lost } = (result ?? {}) as Partial<Committed>;
  return typeof state === 'object' && state !== null && lost instanceof Set;
}

function isEmpty(change: StateChange): boolean {
  for (const _ in change) return false;
  return true;
}
