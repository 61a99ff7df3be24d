/** The parts of a Convert that its contexts use. */
import type { DropReason, Outbox } from '../delivery/types.js';
import type { EngineProject } from '../engine/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { StoreKeys } from '../model/store-key.js';
import type { Committed } from '../model/visitor-state/types.js';
import type { VisitorStore } from '../store/types.js';
import type { CompactSet } from '../utils/compact-set.js';
import type { ConvertError } from '../utils/errors.js';
import type { ClaimLeases } from './claim-leases.js';
import type { ConvertEvents } from './types.js';

/** Milliseconds that `flush` of a Convert and of contexts waits if no `timeout` is given. */
export const FLUSH_TIMEOUT = 5_000;

/** A project config in force, and the engine's view of it. */
export interface LoadedProject {
  readonly config: ProjectConfig;
  readonly engine: EngineProject;
  /** Ids of its experiences that a visitor may be in, in the environment of the options. */
  readonly running: readonly string[];
}

/** A unit of work with changes that are not committed yet. */
export interface Uncommitted {
  /** The index in the `CompactSet` that it is in, which sets it. */
  index: number | undefined;
  readonly visitorId: string;
  readonly storeKey: string;
  /** Returns the store's answer; undefined if there was nothing to commit. */
  commit(): Committed | Promise<Committed> | undefined;
  discard(reason: DropReason): void;
}

/** Withdrawals of consent and erasures in this process: a request that began before must not undo them. */
export interface Revocations {
  /** Grows with each revocation. */
  readonly generation: number;
  add(storeKey: string, reason: RevocationReason): void;
  /** The reason of the visitor's last revocation, if that was after `generation`. */
  since(storeKey: string, generation: number): RevocationReason | undefined;
}

export type RevocationReason = Extract<DropReason, 'consent' | 'forgotten'>;

/** To be called after a commit, with the store's answer or a promise of it. */
export type AfterCommit = (stored?: unknown) => void;

export interface Runtime {
  /** undefined until the first project config is there. */
  readonly project: LoadedProject | undefined;
  readonly environment: string;
  readonly store: VisitorStore;
  readonly outbox: Outbox;
  /** Undefined if claims need no lease: the store or the outbox ends with the process. */
  readonly claimLeases: ClaimLeases | undefined;
  /** Milliseconds that a request waits for the store. */
  readonly storeTimeout: number;
  readonly storeKeys: StoreKeys;
  readonly consentConfigured: boolean;
  /** Decisions and conversions that are not committed yet: `flush` and `close` commit them. */
  readonly uncommitted: CompactSet<Uncommitted>;
  readonly revocations: Revocations;
  /**
   * Has the platform wait for a commit. `keep` gets the function to call once that is made, with the store's answer or
   * a promise of it. Undefined if the app gave no `waitUntil`.
   */
  readonly waitUntil: ((request: unknown, keep: (done: AfterCommit) => void) => void) | undefined;
  /** Runs work that needs a project config, now or when the first one is there. */
  whenReady(work: (project: LoadedProject) => void): void;
  /** Milliseconds since the epoch. */
  now(): number;
  /** False if an event would reach nobody. */
  hasListener(name: keyof ConvertEvents): boolean;
  emit<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void;
  /** Tells the operator: an `error` event, and a log line the first time for a code and message. */
  report(error: ConvertError): void;
  /** A log line, the first time for a code. */
  warnOnce(code: string, message: string): void;
}
