/** Collects the changes and events of one visitor until they are committed. */
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
import { NOTHING } from '../utils/objects.js';
import { asConvertError } from '../utils/errors.js';
import { ChangeCommitter, type CommitTarget } from './commit-changes.js';
import type { Recorded, RecordedConversion, RecordedEvent } from './sent-events.js';
import { CommitScheduler } from './commit-scheduler.js';
import { consentRecord, isRecordDue } from './recorded-consent.js';
import { resultOf } from './conversion-outcomes.js';
import type { Conversion } from './conversion.js';
import type { AfterCommit, DiscardReason, Runtime, Uncommitted } from './runtime.js';

export interface UnitOfWorkOptions extends CommitTarget {
  /**
   * The visitor's state that decisions begin with; undefined if nothing is stored, or if the state could not be read.
   */
  readonly stored: VisitorState | undefined;
  /**
   * `enrol`: changes are stored and events sent. `hold`: changes and events are stored until the visitor consents.
   * `silent`: nothing is stored or sent.
   */
  readonly mode: 'enrol' | 'hold' | 'silent';
  /**
   * True if the visitor makes this request and is free to take part: then a grant is stored for jobs. False for jobs.
   */
  readonly consented: boolean;
  /** Tells the report segments of the request, which are sent with the events; undefined for jobs. */
  readonly facts: { segments(): ReportSegments | undefined } | undefined;
  /** The response of the request; undefined for jobs. */
  readonly response: OutgoingResponse | undefined;
  /** The request object of the framework, for the option `waitUntil`; undefined for jobs. */
  readonly request: unknown;
  /**
   * Returns true if the response head was sent, and not by a way that would have added the visitor's cookie. Undefined
   * if no cookie was due, and for jobs.
   */
  readonly isLost?: (() => boolean) | undefined;
}

const NO_CHANGE: StateChange = NOTHING;
const NO_EVENTS: readonly RecordedEvent[] = [];
const NO_CONVERSIONS: readonly RecordedConversion[] = [];

export class UnitOfWork implements Uncommitted {
  index: number | undefined = undefined;
  readonly #runtime: Runtime;
  readonly #options: UnitOfWorkOptions;
  #mode: UnitOfWorkOptions['mode'];
  #state: VisitorState;
  /** The last change, which is not applied to `#state` yet: most requests never read the state again. */
  #localChange: StateChange | undefined;
  /** Why all changes and events are dropped from now on; undefined if they are not. */
  #discarded: DiscardReason | undefined;
  #change: StateChange | undefined;
  #events = NO_EVENTS;
  #conversions = NO_CONVERSIONS;
  #isPending = false;
  /** Tells the serverless platform that the commit is made; undefined if the platform does not wait for one. */
  #platformDone: AfterCommit | undefined;
  #scheduler: CommitScheduler | undefined;
  #committer: ChangeCommitter | undefined;

  constructor(runtime: Runtime, options: UnitOfWorkOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#mode = options.mode;
    const stored = options.stored ?? NOTHING;
    this.#state = options.mode === 'hold' ? withDeferredChanges(stored, runtime.now()) : stored;
    if (options.mode === 'enrol') this.#resumeDeferred(stored);
  }

  get visitorId(): string {
    return this.#options.visitorId;
  }

  get storeKey(): string {
    return this.#options.storeKey;
  }

  /** The visitor's state, including the changes that are not committed yet. */
  get state(): VisitorState {
    if (this.#localChange !== undefined) {
      this.#state = applyChange(this.#state, this.#localChange, Infinity).state;
      this.#localChange = undefined;
    }
    return this.#state;
  }

  /** True if recorded changes are stored and recorded events sent at the next commit. */
  get enrols(): boolean {
    return this.#mode === 'enrol';
  }

  /**
   * False if the outbox refused the exposure of this experience. Then the variation is not stored, so that a later
   * request exposes the visitor.
   */
  isKept(experienceId: string): boolean {
    return this.#committer?.isKept(experienceId) ?? true;
  }

  /** Makes later decisions of this request see the change. The call itself neither stores nor sends anything. */
  applyLocally(change: StateChange): void {
    if (this.#localChange !== undefined) this.#state = this.state;
    this.#localChange = change;
  }

  /**
   * Records a change and its events, and schedules their commit. `conversion` is the one that the events are of: it is
   * settled when they are committed or dropped.
   */
  record(change: StateChange | undefined, events: readonly RecordedEvent[], conversion?: Conversion): void {
    if (change) this.applyLocally(change);
    if (this.#mode === 'silent') {
      if (this.#discarded && events.length > 0) this.#runtime.outbox.drop(events.length, this.#discarded);
      conversion?.settle(resultOf(this.#discarded ?? 'consent'));
      return;
    }
    if (conversion !== undefined) {
      const from = this.#events.length;
      this.#conversions = [...this.#conversions, { conversion, from, to: from + events.length }];
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

  /** Drops all changes and events that are not committed, and all that are recorded later. */
  discard(reason: DiscardReason): void {
    if (this.#events.length > 0) this.#runtime.outbox.drop(this.#events.length, reason);
    const { conversions } = this.#take();
    this.#mode = 'silent';
    this.#discarded = reason;
    this.#release();
    for (const { conversion } of conversions) conversion.settle(resultOf(reason));
  }

  /**
   * Commits the recorded changes and events. Returns the store's answer, or a promise that never rejects; undefined if
   * there was nothing to commit.
   */
  commit(): Committed | Promise<Committed> | undefined {
    if (!this.#isPending) return undefined;
    const committer = this.#committerUnlessRefused();
    if (committer === undefined) return undefined;
    const { change, events, conversions } = this.#take();
    let stored: Committed | Promise<Committed> | undefined;
    try {
      const segments = events.length > 0 ? this.#segments() : undefined;
      const recorded = { change, events, conversions, segments };
      stored = this.#mode === 'hold' ? committer.defer(recorded) : committer.commit(recorded);
    } catch (error) {
      // A flush commits many visitors: a failure of one must not stop it.
      this.#runtime.report(asConvertError(error, 'CONVERT_INTERNAL', 'a visitor could not be committed'));
      for (const { conversion } of conversions) conversion.settle(resultOf('disabled'));
    }
    this.#release(stored);
    return stored;
  }

  /**
   * Stores a change at once, apart from what was recorded, and for good, even if the visitor id may never come back.
   * Returns the store's answer; undefined if nothing is stored of this visitor any more.
   */
  keep(change: StateChange): Committed | Promise<Committed> | undefined {
    return this.enrols ? this.#committerUnlessRefused()?.keep(change) : undefined;
  }

  /** Returns undefined, and drops all that was recorded, if nothing may be stored of this visitor any more. */
  #committerUnlessRefused(): ChangeCommitter | undefined {
    const committer = (this.#committer ??= new ChangeCommitter(this.#runtime, this.#options));
    const refused = committer.revoked ?? (this.#options.isLost?.() === true ? 'no-identity' : undefined);
    if (refused === undefined) return committer;
    this.discard(refused);
    return undefined;
  }

  /**
   * Resolves when the store, and an outbox that outlives the process, have taken what was committed so far. Never
   * rejects.
   */
  settled(): Promise<void> | undefined {
    return this.#committer?.settled();
  }

  /** Resolves the `waitUntil` promise: nothing of this visitor waits to be committed any more. */
  #release(stored?: unknown): void {
    const done = this.#platformDone;
    this.#platformDone = undefined;
    done?.(stored);
  }

  #take(): Pick<Recorded, 'change' | 'events' | 'conversions'> {
    const taken = { change: this.#change ?? NO_CHANGE, events: this.#events, conversions: this.#conversions };
    this.#change = undefined;
    this.#events = NO_EVENTS;
    this.#conversions = NO_CONVERSIONS;
    this.#isPending = false;
    this.#runtime.uncommitted.delete(this);
    return taken;
  }

  /**
   * Called if the visitor may take part. Records the grant for jobs, and records the deferred changes and events again,
   * so that they are committed now. Deferred events that are too old are dropped.
   */
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
    // Segments that are stored for the visitor take precedence over those of this request.
    const merged: Record<string, unknown> = { ...derived };
    for (const key of SEGMENT_KEYS) {
      if (stored[key] !== undefined) merged[key] = stored[key];
    }
    return merged;
  }
}

/**
 * False if only `locations` have changed: that is not worth a write to the store. Such a change is committed with the
 * next change or event.
 */
function isWorthACommit(change: StateChange | undefined, events: readonly RecordedEvent[]): boolean {
  return (
    events.length > 0 || (change !== undefined && Object.keys(change).some((field) => field !== 'locations'))
  );
}
