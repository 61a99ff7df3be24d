/** The interface of a visitor store, and how long its answers are waited for. */
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';

/**
 * Visitor state by key. Methods may be synchronous or return promises: a store whose `read` is synchronous costs the
 * request nothing, one that returns promises is read before the handler runs.
 */
export interface VisitorStore {
  /** True when `read` returns promises. A store that needs no waiting reads synchronously. */
  readonly remote: boolean;
  /** True if the stored state outlives the process. Default false. */
  readonly outlives?: boolean;
  /**
   * Called for ids that a request brings, never for one that was generated in it. Prolongs the life of ephemeral state.
   */
  read(key: string): VisitorState | undefined | Promise<VisitorState | undefined>;
  /** Merges a change (see `applyChange`). The first write wins; atomically if the store can. */
  commit(key: string, change: StateChange, options: CommitOptions): Committed | Promise<Committed>;
  delete(key: string): void | Promise<void>;
  close?(): void | Promise<void>;
}

export interface CommitOptions {
  /**
   * The id was generated in this request and may never come back. Such state lives 30 minutes unless it is read, or
   * written again by a request that brings the id.
   */
  readonly ephemeral: boolean;
  /** The first commit of the request that generated the id: no ephemeral state of it can be there. Default false. */
  readonly first?: boolean;
  /**
   * The state of the visitor that `read` or `commit` of this store returned before, the same object; null: nothing was
   * stored. A store with compare-and-set begins with it and needs no read of its own. Default: unknown.
   */
  readonly known?: VisitorState | null;
}

/** The official SDK's data store: `get` and `set`, synchronous or not. */
export interface SdkDataStore {
  get(key: string): unknown;
  set(key: string, value: unknown): unknown;
}

/** Milliseconds that a job, and the events of a commit, wait for a store at most. Requests wait for `storeTimeout`. */
export const STORE_LIMIT = 5_000;

/**
 * The answer of a store. Rejects with `CONVERT_STORE` after `milliseconds`. `keepAlive`: the process is kept alive
 * meanwhile, because somebody awaits the answer; default false.
 */
export function withStoreTimeout<T>(
  milliseconds: number,
  answer: T | PromiseLike<T>,
  { keepAlive = false }: { keepAlive?: boolean } = {},
): Promise<T> {
  return withTimeout(milliseconds, answer, { keepAlive, error: storeTimedOut });
}

function storeTimedOut(): ConvertError {
  return new ConvertError('CONVERT_STORE', 'the visitor store took too long');
}
