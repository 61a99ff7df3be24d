/** What contexts need of the Convert that they belong to. */
import type { ConvertError } from './errors.js';
import type { EngineProject, EngineReason, Failure, Variation } from './engine/port.js';
import type { DropReason, Outbox } from './delivery/port.js';
import type { Passage } from './passage.js';
import type { ProjectConfig } from './project-config.js';
import type { Settlements } from './settlements.js';
import type { Committed } from './state.js';
import type { VisitorStore } from './store/port.js';
import type { ConsentAnswer } from './visitor/consent.js';
import type { IdOrigin } from './visitor/identity.js';

/** Milliseconds that `flush` waits, of a Convert and of contexts, where no `timeout` is given. */
export const FLUSH_TIMEOUT = 5_000;

/** A project config in force, and the engine's view of it. */
export interface LoadedProject {
  readonly config: ProjectConfig;
  readonly engine: EngineProject;
  /** Ids of its experiences that a visitor may be in, in the environment of the options. */
  readonly running: readonly string[];
}

/** What was recorded for one visitor and is not committed yet. */
export interface Uncommitted {
  /** Belongs to the `Passage` that it is in. */
  place: number | undefined;
  readonly visitorId: string;
  readonly storeKey: string;
  /** What the store says; undefined where there was nothing to commit. */
  commit(): Committed | Promise<Committed> | undefined;
  discard(reason: DropReason): void;
}

/** Whose consent was withdrawn in this process, and who was forgotten: what began before must not bring it back. */
export interface Withdrawals {
  /** Grows with each withdrawal. */
  readonly generation: number;
  add(storeKey: string, reason: WithdrawalReason): void;
  /** Why, if that was after `generation`. */
  since(storeKey: string, generation: number): WithdrawalReason | undefined;
}

export type WithdrawalReason = Extract<DropReason, 'consent' | 'forgotten'>;

/** To be called after a commit, with what the store says. */
export type AfterCommit = (stored?: unknown) => void;

export interface Runtime {
  /** undefined until the first project config is there. */
  readonly project: LoadedProject | undefined;
  readonly environment: string;
  readonly store: VisitorStore;
  readonly outbox: Outbox;
  /** Undefined where claims need no lease: the store or the outbox ends with the process. */
  readonly settlements: Settlements | undefined;
  /** Milliseconds that a request waits for the store. */
  readonly storeTimeout: number;
  /** True where ids of the app and ids from our cookie must not share state. */
  readonly hasAppIds: boolean;
  readonly consentConfigured: boolean;
  /** What was decided or tracked and is not committed yet: `flush` and `close` commit it. */
  readonly uncommitted: Passage<Uncommitted>;
  readonly withdrawals: Withdrawals;
  /**
   * Has the platform wait for what is about to be committed. `keep` gets the function to call once it is, with what the
   * store said: a promise, where it has not yet. Undefined where the app gave no `waitUntil`.
   */
  readonly waitUntil: ((request: unknown, keep: (done: AfterCommit) => void) => void) | undefined;
  /** Runs work that needs a project config, now or when the first one is there. */
  whenReady(work: (project: LoadedProject) => void): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** False where telling would reach nobody. */
  hasListener(name: keyof ConvertEvents): boolean;
  emit<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void;
  /** Tells the operator: an `error` event, and a log line the first time for a code and message. */
  report(error: ConvertError): void;
  /** A log line, the first time for a code. */
  warnOnce(code: string, message: string): void;
}

/**
 * Why a visitor gets what they get. The engine's reasons, and:
 * - `disabled` the request is skipped, or something of ours failed
 * - `not-ready` no project config has arrived
 * - `bot` the request comes from a bot
 * - `consent` the visitor has not consented, or has opted out (`explain` tells by what)
 * - `no-identity` decided, but the visitor's id can't be handed out any more: not enrolled
 */
export type Reason = EngineReason | 'disabled' | 'not-ready' | 'bot' | 'consent' | 'no-identity';

export interface Explanation {
  readonly experienceKey: string;
  readonly reason: Reason;
  /** What `peek` returns. */
  readonly variation: Variation | null;
  /** The locations, audiences or segments that left the visitor out, and which of their rules. */
  readonly failed: readonly Failure[];
  /** Properties that rules of the experience ask for and nobody supplied. */
  readonly missing: readonly string[];
  /** The visitor's consent, and who said so. */
  readonly consent: ConsentAnswer;
}

/** The events of a Convert, by name. They hold visitor ids, but no properties. */
export interface ConvertEvents {
  /** The first project config is there. */
  ready: { version: string | undefined };
  /** Another project config took its place. */
  config: { version: string | undefined };
  decision: {
    visitorId: string;
    experienceKey: string;
    variationKey: string | null;
    reason: Reason;
    /** The decision will be stored and its exposure sent. */
    enrolled: boolean;
  };
  conversion: {
    visitorId: string;
    goalKey: string;
    outcome: 'tracked' | 'already-tracked' | 'goal-not-found' | 'goal-rules' | 'bad-data';
  };
  /** A batch was accepted by the tracking endpoint. */
  delivered: { count: number };
  /** Events were given up. */
  dropped: { count: number; reason: DropReason };
  error: ConvertError;
}

/** Where the visitor is kept that a user was first. No visitor has that key. */
export function aliasKey(config: ProjectConfig, user: string): string {
  return `${config.account_id}-${config.project.id}~user-${user}`;
}

/** The official SDK's store key. Ids from our cookie are kept apart where the app has ids of its own. */
export function storeKey(config: ProjectConfig, id: string, origin: IdOrigin, hasAppIds: boolean): string {
  const separator = hasAppIds && origin !== 'app' ? '~cookie-' : '-';
  return `${config.account_id}-${config.project.id}${separator}${id}`;
}
