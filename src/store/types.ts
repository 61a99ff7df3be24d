/** Defines the interface of a visitor store, and the time limit for the answers of a store. */
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';

/**
 * Keeps visitor state by key. Methods may be synchronous or return promises. If `read` is synchronous, a request does
 * not wait for it. If `read` returns promises, the state is read before the handler runs.
 */
export interface VisitorStore {
  /** True when `read` returns promises. A store that needs no waiting reads synchronously. */
  readonly remote: boolean;
  /** True if the stored state outlives the process. Default false. */
  readonly outlives?: boolean;
  /**
   * Returns the stored state; undefined if there is none. Called only for ids that a request brings, never for an id
   * that was generated in it. Prolongs the life of ephemeral state.
   */
  read(key: string, options?: ReadOptions): VisitorState | undefined | Promise<VisitorState | undefined>;
  /** Merges a change into the stored state (see `applyChange`). The first write wins, atomically if the store can. */
  commit(key: string, change: StateChange, options: CommitOptions): Committed | Promise<Committed>;
  delete(key: string): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** What a store is told when it reads a visitor. */
export interface ReadOptions {
  /** False if the read says nothing of a visitor, so that the life of the state stays as it is. Default true. */
  readonly prolongs?: boolean;
}

/** What a store is told when it writes a change. */
export interface CommitOptions {
  /**
   * True if the visitor's id may never come back: it was generated in this request, or a cookie brought it and `read`
   * returned no state of it. Such state lives 30 minutes, unless it is read later, or stored for longer already.
   */
  readonly ephemeral: boolean;
  /**
   * True for the first commit of the request that generated the id: the store can not hold state of this visitor yet.
   * Default false.
   */
  readonly first?: boolean;
  /**
   * The state of the visitor that `read` or `commit` of this store returned before, as the same object; null if nothing
   * was stored. A store with compare-and-set begins with this state and needs no read of its own. Default: unknown.
   */
  readonly known?: VisitorState | null;
  /**
   * Milliseconds for which the state lives from this commit on, whatever the options of the store say. Given for notes
   * that are no visitor's state: all commits under their keys have an age, and all reads have `prolongs: false`. A
   * store that gives no state a life of its own may ignore it. Default: as the store keeps visitors.
   */
  readonly age?: number;
}

/** A data store of the official SDK's kind: `get` and `set`, synchronous or not. */
export interface SdkDataStore {
  get(key: string): unknown;
  set(key: string, value: unknown): unknown;
}

/**
 * Milliseconds that a job, and the events of a commit, wait for an answer of the store at most. Requests wait for the
 * option `storeTimeout`.
 */
export const STORE_LIMIT = 5_000;

/**
 * Waits for the answer of a store. Rejects with `CONVERT_STORE` after `milliseconds`. `keepAlive` says that the process
 * is kept alive meanwhile, because code awaits the answer; default false.
 */
export function withStoreTimeout<T>(
  milliseconds: number,
  answer: T | PromiseLike<T>,
  { keepAlive = false }: { keepAlive?: boolean } = {},
): Promise<T> {
  return withTimeout(milliseconds, answer, { keepAlive, error: storeTimedOut });
}

/** The error of a store that has not answered in time. */
export function storeTimedOut(): ConvertError {
  return new ConvertError('CONVERT_STORE', 'the visitor store took too long');
}
