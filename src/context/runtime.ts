/** The parts of a Convert that its contexts use. */
import type { DropReason, Outbox } from '../delivery/types.js';
import type { EngineProject, Preview, PreviewDecision } from '../engine/types.js';
import type { ProjectConfig } from '../model/project-config.js';
import type { VisitorCarrier } from '../identity/carried-visitor.js';
import type { Hashes } from '../identity/hasher.js';
import type { StoreKeys } from '../model/store-key.js';
import type { Committed } from '../model/visitor-state/types.js';
import type { CommitWaits } from '../store/commit-waits.js';
import type { VisitorStore } from '../store/types.js';
import type { CompactSet } from '../utils/compact-set.js';
import type { ConvertError } from '../utils/errors.js';
import type { WarnOnce } from '../utils/operator-log.js';
import type { ClaimLeases } from './claim-leases.js';
import type { StateProblems } from './state-problems.js';
import type { ConvertEvents } from './types.js';
import type { UnknownFields } from './unknown-fields.js';
import type { UnknownKeys } from './unknown-keys.js';

/** The most milliseconds that `flush` of a Convert or of a context waits, if the app gives no `timeout`. */
export const FLUSH_TIMEOUT = 5_000;

/** A project config that is in force, and the object that the engine has made from it. */
export interface LoadedProject {
  readonly config: ProjectConfig;
  readonly engine: EngineProject;
  /** The ids of the experiences that run in the environment of the options. */
  readonly running: readonly string[];
  /** When the config was put in force, in milliseconds since the epoch. */
  readonly since: number;
}

/** A unit of work with changes that are not committed yet. */
export interface Uncommitted {
  /** The index of this unit of work in its `CompactSet`. Only the set writes this field. */
  index: number | undefined;
  readonly visitorId: string;
  readonly storeKey: string;
  /** Commits the changes. Returns the store's answer; undefined if there was nothing to commit. */
  commit(): Committed | Promise<Committed> | undefined;
  discard(reason: DiscardReason): void;
}

/**
 * The revocations in this process: consent was withdrawn, or a visitor was forgotten. A request that began before a
 * revocation must not store the visitor's data again.
 */
export interface Revocations {
  /**
   * The number of revocations in this process so far, of any visitors. A request remembers it, to ask at its commit
   * what was revoked since.
   */
  readonly generation: number;
  add(storeKey: string, reason: RevocationReason): void;
  /** The reason of the visitor's last revocation if it came after `generation`; else undefined. */
  since(storeKey: string, generation: number): RevocationReason | undefined;
}

export type RevocationReason = Extract<DropReason, 'consent' | 'forgotten'>;

/** Why what was recorded is neither stored nor sent. */
export type DiscardReason = RevocationReason | 'no-identity';

/** A function to call after a commit, with the store's answer or a promise of it. */
export type AfterCommit = (stored?: unknown) => void;

/** Looks for what previews show that the project config does not hold: drafts and paused experiences. */
export interface Drafts {
  /** Resolves with undefined if there is no such draft, or if it did not arrive in time. Never rejects. */
  find(ids: Preview): Promise<PreviewDecision | undefined>;
  /** Resolves once the drafts that are being fetched now are there. Never rejects. */
  underWay(): Promise<unknown>;
}

export interface Runtime {
  /** The project config in force; undefined until the first one has arrived. */
  readonly project: LoadedProject | undefined;
  readonly environment: string;
  readonly store: VisitorStore;
  /** Bounds how long events wait for the store. */
  readonly commitWaits: CommitWaits;
  readonly outbox: Outbox;
  /**
   * The leases of claims. Undefined if claims need none, because the store or the outbox loses its data with the
   * process.
   */
  readonly claimLeases: ClaimLeases | undefined;
  /** Undefined if previews show no drafts. */
  readonly drafts: Drafts | undefined;
  /** The most milliseconds that a request waits for a remote store. */
  readonly storeTimeout: number;
  readonly stateProblems: StateProblems;
  readonly unknownKeys: UnknownKeys;
  readonly unknownFields: UnknownFields;
  /** The option `maxStateBytes`; undefined for the default. */
  readonly maxStateBytes: number | undefined;
  readonly storeKeys: StoreKeys;
  readonly consentConfigured: boolean;
  /** Makes the id of a visitor. */
  readonly newUuid: () => string;
  /** Hashes the id of a user of the app, for `identify()`. */
  readonly userHashes: (userId: string | number) => Hashes;
  /** Hashes the store key of a visitor who has denied consent. */
  readonly keyHashes: (storeKey: string) => Hashes;
  /** Writes and reads the texts that carry visitors into orders. */
  readonly carrier: VisitorCarrier;
  /** Decisions and conversions that are not committed yet: `flush` and `close` commit them. */
  readonly uncommitted: CompactSet<Uncommitted>;
  readonly revocations: Revocations;
  /**
   * Has a serverless platform wait for a commit. `keep` is called at once with a function. This function is to be
   * called after the commit, with the store's answer or a promise of it. Undefined if the app gave no `waitUntil`.
   */
  readonly waitUntil: ((request: unknown, keep: (done: AfterCommit) => void) => void) | undefined;
  /** Has `onTick` called later, once the code that calls this is through. */
  readonly scheduleCommit: (work: { onTick(): void }) => void;
  /** Calls `work` with the project config: now, or when the first config arrives. */
  whenReady(work: (project: LoadedProject) => void): void;
  /** Returns the present time, in milliseconds since the epoch. */
  now(): number;
  /** True if an event of this name would reach a listener. */
  hasListener(name: keyof ConvertEvents): boolean;
  emit<Name extends keyof ConvertEvents>(name: Name, event: ConvertEvents[Name]): void;
  /**
   * Reports an error to the operator: emits an `error` event, and logs the error the first time for a code and message.
   */
  report(error: ConvertError): void;
  readonly warnOnce: WarnOnce;
}
