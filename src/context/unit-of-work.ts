/** Keeps what was decided and tracked for one visitor until it is committed. */
import type { DropReason } from '../delivery/types.js';
import type { OutgoingResponse } from '../model/http.js';
import { type ReportSegments, SEGMENT_KEYS } from '../model/tracking-event.js';
import {
  applyChange,
  countEvents,
  freshlyDeferred,
  mergeChanges,
  withDeferredChanges,
} from '../model/visitor-state/apply-change.js';
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { ChangeCommitter, type CommitTarget, type RecordedEvent } from './commit-changes.js';
import { CommitScheduler } from './commit-scheduler.js';
import { consentRecord, isRecordDue } from './recorded-consent.js';
import type { AfterCommit, Runtime, Uncommitted } from './runtime.js';

export interface UnitOfWorkOptions extends CommitTarget {
  /** The visitor's state as decisions begin with it; undefined if nothing is stored, or it could not be read. */
  readonly stored: VisitorState | undefined;
  /** `enrol` stores and sends, `hold` stores and waits for consent, `silent` does neither. */
  readonly mode: 'enrol' | 'hold' | 'silent';
  /** The visitor is here, with nothing against their taking part: that is remembered for jobs. */
  readonly consented: boolean;
  /** Tells the report segments when something is committed; undefined for jobs. */
  readonly facts: { segments(): ReportSegments | undefined } | undefined;
  /** Undefined for jobs, which have none. */
  readonly response: OutgoingResponse | undefined;
  /** The framework's own; undefined for jobs. */
  readonly request: unknown;
}

const NOTHING: StateChange = Object.freeze({});
const NO_EVENTS: readonly RecordedEvent[] = [];
const NOTHING_STORED: VisitorState = Object.freeze({});

export class UnitOfWork implements Uncommitted {
  index: number | undefined = undefined;
  readonly #runtime: Runtime;
  readonly #options: UnitOfWorkOptions;
  #mode: UnitOfWorkOptions['mode'];
  #state: VisitorState;
  /** The last change, which is not in `#state` yet: most requests never ask for it. */
  #localChange: StateChange | undefined;
  /** Why everything is dropped from now on. */
  #discarded: DropReason | undefined;
  #change: StateChange | undefined;
  #events = NO_EVENTS;
  #isPending = false;
  /** Tells the platform that it need not wait any longer; undefined without `waitUntil`. */
  #platformDone: AfterCommit | undefined;
  #scheduler: CommitScheduler | undefined;
  #committer: ChangeCommitter | undefined;

  constructor(runtime: Runtime, options: UnitOfWorkOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#mode = options.mode;
    const stored = options.stored ?? NOTHING_STORED;
    this.#state = options.mode === 'hold' ? withDeferredChanges(stored, runtime.now()) : stored;
    if (options.mode === 'enrol') this.#resumeDeferred(stored);
  }

  get visitorId(): string {
    return this.#options.visitorId;
  }

  get storeKey(): string {
    return this.#options.storeKey;
  }

  /** The visitor's state as of now, with what is not committed yet. */
  get state(): VisitorState {
    if (this.#localChange !== undefined) {
      this.#state = applyChange(this.#state, this.#localChange).state;
      this.#localChange = undefined;
    }
    return this.#state;
  }

  /** True if what is recorded will be stored and sent. */
  get enrols(): boolean {
    return this.#mode === 'enrol';
  }

  /** False if the exposure was refused: the assignment is not stored, so that the visitor is exposed another time. */
  isKept(experienceId: string): boolean {
    return this.#committer?.isKept(experienceId) ?? true;
  }

  /** Later decisions see the change; it is neither stored nor sent. */
  applyLocally(change: StateChange): void {
    if (this.#localChange !== undefined) this.#state = this.state;
    this.#localChange = change;
  }

  /** Schedules its own commit. */
  record(change: StateChange | undefined, events: readonly RecordedEvent[]): void {
    if (change) this.applyLocally(change);
    if (this.#mode === 'silent') {
      if (this.#discarded && events.length > 0) this.#runtime.outbox.drop(events.length, this.#discarded);
      return;
    }
    if (change) this.#change = this.#change === undefined ? change : mergeChanges(this.#change, change);
    if (events.length > 0) this.#events = this.#events.length === 0 ? events : [...this.#events, ...events];
    if (!this.#isPending) {
      if (!isWorthACommit(change, events)) return;
      this.#isPending = true;
      this.#runtime.uncommitted.add(this);
      this.#runtime.waitUntil?.(this.#options.request, (done) => (this.#platformDone = done));
    }
    this.#scheduler ??= new CommitScheduler(this.#runtime, this, this.#options.response);
    this.#scheduler.schedule();
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
    if (!this.#isPending) return undefined;
    const committer = (this.#committer ??= new ChangeCommitter(this.#runtime, this.#options));
    const { revoked } = committer;
    if (revoked !== undefined) {
      this.discard(revoked);
      return undefined;
    }
    const { change, events } = this.#take();
    const segments = events.length > 0 ? this.#segments() : undefined;
    const stored =
      this.#mode === 'hold'
        ? committer.defer(change, events, segments)
        : committer.commit(change, events, segments);
    this.#release(stored);
    return stored;
  }

  /** Resolves the `waitUntil` promise: nothing of this visitor waits to be committed any more. */
  #release(stored?: unknown): void {
    const done = this.#platformDone;
    this.#platformDone = undefined;
    done?.(stored);
  }

  #take(): { change: StateChange; events: readonly RecordedEvent[] } {
    const taken = { change: this.#change ?? NOTHING, events: this.#events };
    this.#change = undefined;
    this.#events = NO_EVENTS;
    this.#isPending = false;
    this.#runtime.uncommitted.delete(this);
    return taken;
  }

  /** Consent is there: it is recorded for jobs, and what waited for it is due. */
  #resumeDeferred(stored: VisitorState): void {
    const { consentConfigured } = this.#runtime;
    if (this.#options.consented && isRecordDue(consentConfigured, 'granted', stored.consent)) {
      this.record({ consent: consentRecord(consentConfigured, 'granted') }, []);
    }
    if (!stored.held?.length) return;
    this.record({ release: true }, []);
    const fresh = freshlyDeferred(stored, this.#runtime.now());
    for (const { change, events } of fresh) this.record(change, events);
    const expired = countEvents(stored.held) - countEvents(fresh);
    if (expired > 0) this.#runtime.outbox.drop(expired, 'consent');
  }

  #segments(): ReportSegments | undefined {
    const derived = this.#options.facts?.segments();
    const { segments: stored } = this.#localChange?.segments ? this.state : this.#state;
    if (!stored) return derived;
    // Segments that are stored for the visitor go before those of this request.
    const merged: Record<string, unknown> = { ...derived };
    for (const key of SEGMENT_KEYS) {
      if (stored[key] !== undefined) merged[key] = stored[key];
    }
    return merged;
  }
}

/** That a visitor was at another location is no reason to write: it goes along with the next change or event. */
function isWorthACommit(change: StateChange | undefined, events: readonly RecordedEvent[]): boolean {
  return (
    events.length > 0 || (change !== undefined && Object.keys(change).some((field) => field !== 'locations'))
  );
}
