/** What was decided and tracked for one visitor, kept until it is committed: the store and the outbox in one step. */
import type { EngineEvent } from './engine/port.js';
import { asConvertError } from './errors.js';
import type { DropReason } from './delivery/port.js';
import type { Runtime } from './runtime.js';
import {
  applyChange,
  countEvents,
  freshlyHeld,
  joinChanges,
  withHeldChanges,
  withoutClaims,
  type Committed,
  type HeldEvent,
  type StateChange,
  type VisitorState,
} from './state.js';
import { STORE_LIMIT, within } from './store/within.js';
import { isThenable } from './thenable.js';
import { SEGMENT_KEYS, type ReportSegments, type VisitorEvent } from './tracking.js';

export interface JournalOptions {
  visitorId: string;
  storeKey: string;
  /** What the store holds of the visitor; undefined where it holds nothing or was not asked. */
  stored: VisitorState | undefined;
  /** `enrol` stores and sends, `hold` stores and waits for consent, `silent` does neither. */
  mode: 'enrol' | 'hold' | 'silent';
  /** The id was issued in this request and may never come back. */
  ephemeral: boolean;
  /** The visitor has consented here: that is remembered for jobs. */
  consented: boolean;
  /** What `withdrawals.generation` was when consent was asked. */
  generation: number;
  /** The report segments of the request; asked when something is committed. */
  segments: () => ReportSegments | undefined;
}

export class Journal {
  /** The visitor's state as of now, with what is not committed yet. */
  state: VisitorState;
  readonly #runtime: Runtime;
  readonly #options: JournalOptions;
  #mode: JournalOptions['mode'];
  #discarded: DropReason | undefined;
  #change: StateChange = {};
  #events: HeldEvent[] = [];
  #pending = false;

  constructor(runtime: Runtime, options: JournalOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#mode = options.mode;
    const stored = options.stored ?? {};
    this.state = options.mode === 'hold' ? withHeldChanges(stored, runtime.now()) : stored;
    if (options.mode === 'enrol') this.#takeUp(stored);
  }

  get visitorId(): string {
    return this.#options.visitorId;
  }

  get storeKey(): string {
    return this.#options.storeKey;
  }

  /** True where what is recorded will be stored and sent. */
  get enrols(): boolean {
    return this.#mode === 'enrol';
  }

  /** True while something waits to be committed. */
  get pending(): boolean {
    return this.#pending;
  }

  record(change: StateChange | undefined, events: readonly (EngineEvent | HeldEvent)[]): void {
    if (change) this.state = applyChange(this.state, change).state;
    if (this.#mode === 'silent') {
      if (this.#discarded && events.length > 0) this.#runtime.outbox.drop(events.length, this.#discarded);
      return;
    }
    if (change) this.#change = joinChanges(this.#change, change);
    this.#events.push(...events);
    // That a visitor was at another location is no reason to write: it goes along with the next thing that is.
    if (events.length > 0 || (change && Object.keys(change).some((field) => field !== 'locations'))) {
      this.#pending = true;
      this.#runtime.uncommitted.add(this);
    }
  }

  /** Gives up what is not committed, and whatever comes after it. */
  discard(reason: DropReason): void {
    if (this.#events.length > 0) this.#runtime.outbox.drop(this.#events.length, reason);
    this.#take();
    this.#mode = 'silent';
    this.#discarded = reason;
  }

  /** Never throws, and awaits nothing that the caller could feel. */
  commit(): void {
    if (!this.#pending) return;
    if (this.#runtime.withdrawals.since(this.#options.storeKey, this.#options.generation)) {
      return this.discard('consent');
    }
    const { change, events } = this.#take();
    if (this.#mode === 'hold') this.#hold(change, events);
    else this.#enrol(change, events);
  }

  #take(): { change: StateChange; events: HeldEvent[] } {
    const taken = { change: this.#change, events: this.#events };
    this.#change = {};
    this.#events = [];
    this.#pending = false;
    this.#runtime.uncommitted.delete(this);
    return taken;
  }

  /** Consent is there: it is recorded for jobs, and what waited for it is due. */
  #takeUp(stored: VisitorState): void {
    if (this.#options.consented && stored.consent !== 'granted') this.record({ consent: 'granted' }, []);
    if (!stored.held?.length) return;
    this.record({ release: true }, []);
    const fresh = freshlyHeld(stored, this.#runtime.now());
    for (const { change, events } of fresh) this.record(change, events);
    const expired = countEvents(stored.held) - countEvents(fresh);
    if (expired > 0) this.#runtime.outbox.drop(expired, 'consent');
  }

  #hold(change: StateChange, events: HeldEvent[]): void {
    const segments = this.#segments();
    const entry = { at: this.#runtime.now(), change, events: events.map((each) => ({ segments, ...each })) };
    const count = ({ forgotten }: Committed): void => {
      if (forgotten) this.#runtime.outbox.drop(forgotten, 'consent');
    };
    const committed = this.#store({ hold: entry });
    if (committed instanceof Promise) void committed.then(count);
    else count(committed);
  }

  #enrol(change: StateChange, events: HeldEvent[]): void {
    const segments = events.length > 0 ? this.#segments() : undefined;
    const { visitorId } = this.#options;
    const claims = new Map<VisitorEvent, string | undefined>();
    for (const each of events) {
      claims.set({ visitorId, segments: each.segments ?? segments, event: each.event }, each.claim);
    }
    const offer = this.#runtime.outbox.offer([...claims.keys()]);
    // What the outbox refused must not be stored, so that the visitor is exposed another time. A claim of several
    // events (a conversion and its transaction) stands as long as one of them was taken.
    const refused = new Set<string>();
    if (offer.refused.size > 0) {
      for (const [event, claim] of claims)
        if (claim !== undefined && offer.refused.has(event)) refused.add(claim);
      for (const [event, claim] of claims)
        if (claim !== undefined && !offer.refused.has(event)) refused.delete(claim);
    }
    const confirm = (lost: ReadonlySet<string>): void => {
      if (lost.size === 0) return offer.confirm();
      const isLost = ([, claim]: [VisitorEvent, string | undefined]): boolean =>
        claim !== undefined && lost.has(claim);
      offer.confirm(new Set([...claims].filter(isLost).map(([event]) => event)));
    };

    const kept = refused.size > 0 ? withoutClaims(change, refused) : change;
    const committed = this.#store(kept);
    if (committed instanceof Promise) void committed.then((result) => confirm(result.lost));
    else confirm(committed.lost);
  }

  /** Commits to the store. A store that fails loses nobody's exposure: enrichment at Convert sorts out doubles. */
  #store(change: StateChange): Committed | Promise<Committed> {
    const failed: Committed = { state: {}, lost: new Set() };
    if (Object.keys(change).length === 0) return failed;
    const report = (error: unknown): Committed => {
      this.#runtime.report(asConvertError(error, 'CONVERT_STORE', 'the visitor store failed to commit'));
      return failed;
    };
    try {
      const { storeKey, ephemeral } = this.#options;
      const committed = this.#runtime.store.commit(storeKey, change, { ephemeral });
      // Past the limit, a store that doesn't answer no longer holds back the events.
      return isThenable(committed) ? within(STORE_LIMIT, committed).catch(report) : committed;
    } catch (error) {
      return report(error);
    }
  }

  #segments(): ReportSegments | undefined {
    const { segments: stored } = this.state;
    const derived = this.#options.segments();
    if (!stored) return derived;
    // What was stored for the visitor goes before what this request says.
    const merged: Record<string, unknown> = { ...derived };
    for (const key of SEGMENT_KEYS) {
      if (stored[key] !== undefined) merged[key] = stored[key];
    }
    return merged;
  }
}
