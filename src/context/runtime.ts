/** What contexts need of the Convert that they belong to. */
import type { DropReason, Outbox } from '../delivery/types.js';
import type { EngineProject } from '../engine/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { Committed } from '../model/visitor-state/types.js';
import type { VisitorStore } from '../store/types.js';
import type { CompactSet } from '../utils/compact-set.js';
import type { ConvertError } from '../utils/errors.js';
import type { ClaimLeases } from './claim-leases.js';
import type { ConvertEvents } from './types.js';

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
export interface Revocations {
  /** Grows with each withdrawal. */
  readonly generation: number;
  add(storeKey: string, reason: RevocationReason): void;
  /** Why, if that was after `generation`. */
  since(storeKey: string, generation: number): RevocationReason | undefined;
}

export type RevocationReason = Extract<DropReason, 'consent' | 'forgotten'>;

/** To be called after a commit, with what the store says. */
export type AfterCommit = (stored?: unknown) => void;

export interface Runtime {
  /** undefined until the first project config is there. */
  readonly project: LoadedProject | undefined;
  readonly environment: string;
  readonly store: VisitorStore;
  readonly outbox: Outbox;
  /** Undefined where claims need no lease: the store or the outbox ends with the process. */
  readonly claimLeases: ClaimLeases | undefined;
  /** Milliseconds that a request waits for the store. */
  readonly storeTimeout: number;
  /** True where ids of the app and ids from our cookie must not share state. */
  readonly hasAppIds: boolean;
  readonly consentConfigured: boolean;
  /** What was decided or tracked and is not committed yet: `flush` and `close` commit it. */
  readonly uncommitted: CompactSet<Uncommitted>;
  readonly revocations: Revocations;
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
