/**
 * Wraps a remote store with a time budget for requests: a request waits up to the budget, and not at all while the
 * store is known to fail. States that were read or written are cached for a few seconds.
 */
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { isThenable, NOTHING } from '../utils/objects.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { HealthReporter } from '../utils/health-reporter.js';
import { LruMap } from '../utils/lru-map.js';
import {
  type CommitOptions,
  type ReadOptions,
  STORE_LIMIT,
  type VisitorStore,
  withStoreTimeout,
} from './types.js';

/** The option `storeCache`: the visitors of a remote store that are kept in memory. */
export interface StoreCacheOptions {
  /** Milliseconds for which a state is cached. Default 5,000. */
  age?: number;
  /** The most visitors in the cache. Default 10,000. */
  max?: number;
}

export interface RemoteStoreOptions {
  /** Milliseconds that a request waits for the store at most. */
  readonly budget: number;
  /** The options of the cache; false if there is no cache. */
  readonly cache: StoreCacheOptions | false;
  /**
   * Returns true if a state has everything that a request may ask for. Only such a state is cached: if a part is
   * missing, another process may store it at any time.
   */
  readonly isComplete: (state: VisitorState) => boolean;
  /** Called when the store begins to fail. Called again only after `worksAgain`. */
  readonly failing: (error: ConvertError) => void;
  readonly worksAgain: () => void;
}

/** `stats().store`: how the visitor store has answered. */
export interface StoreStats {
  /** True if the store answers with promises. The figures of a store in the memory of the process are 0. */
  readonly remote: boolean;
  /** True if the store fails: the last read for a request had no answer in time, or an error. */
  readonly failing: boolean;
  /** The number of reads for requests. */
  readonly reads: number;
  /** The number of requests that needed no read, since the state of their visitor was cached. */
  readonly cached: number;
  /**
   * The number of requests that were decided without stored state: the answer did not come in time, or the store was
   * known to fail.
   */
  readonly unavailable: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** Milliseconds of a read; `commitTime` is the same of a commit. Both are moving averages. */
  readonly readTime: number;
  readonly commitTime: number;
}

const NO_COUNTS = {
  reads: 0,
  cached: 0,
  unavailable: 0,
  commits: 0,
  failedCommits: 0,
  readTime: 0,
  commitTime: 0,
};

/** The figures of a store in the memory of the process, whose reads and commits are not counted. */
export const LOCAL_STORE: StoreStats = Object.freeze({
  remote: false,
  failing: false,
  ...NO_COUNTS,
});

/** The most commits that may be without an answer: more would only fill the memory of the store's client. */
const MAX_COMMITS = 1_000;
/** The share of the latest value in a moving average. */
const WEIGHT = 0.05;

/** The answer of a store; `state` is undefined if nothing is stored of the visitor. */
export interface Answer {
  readonly state: VisitorState | undefined;
}

interface CachedState {
  readonly state: VisitorState;
  /** The time until which the state is cached, by performance.now(). */
  readonly until: number;
}

export class RemoteStore implements VisitorStore {
  readonly remote = true;
  readonly outlives: boolean;
  readonly #store: VisitorStore;
  readonly #options: RemoteStoreOptions;
  readonly #cache: LruMap<CachedState> | undefined;
  readonly #age: number;
  /** True once the store has answered with a promise. The cache is of no use for a store that answers at once. */
  #answersLater = false;
  readonly #health = new HealthReporter();
  #readsUnderWay = 0;
  /**
   * When the last read for a request began, by performance.now(). Its budget is over after a while, even if it never
   * ends: a host may have ended the request in the middle of it.
   */
  #lastRead = -Infinity;
  #commitsUnderWay = 0;
  readonly #counts = { ...NO_COUNTS };

  constructor(store: VisitorStore, options: RemoteStoreOptions) {
    this.#store = store;
    this.#options = options;
    this.outlives = store.outlives === true;
    const { age = 5_000, max = 10_000 } = options.cache || NOTHING;
    this.#age = age;
    this.#cache = options.cache === false ? undefined : new LruMap({ max });
  }

  /** Returns the cached state of a visitor who was here some seconds ago; undefined if there is none. */
  readCached(key: string): VisitorState | undefined {
    const entry = this.#cache?.find(key);
    if (entry === undefined || entry.value.until <= performance.now()) return undefined;
    // The project config may have changed since, so that requests ask for more.
    if (!this.#options.isComplete(entry.value.state)) return undefined;
    this.#counts.cached += 1;
    return entry.value.state;
  }

  /** Reads the state for a request. Returns undefined if the store does not answer in time. Never throws or rejects. */
  readWithinBudget(key: string): Answer | undefined | Promise<Answer | undefined> {
    // While the store fails, only one request at a time tries whether the store works again.
    if (this.#health.isFailing && this.#isTried) return this.#countUnavailable();
    this.#counts.reads += 1;
    try {
      const state = this.#store.read(key);
      if (isThenable(state)) return this.#await(key, state);
      this.#works();
      return { state };
    } catch (error) {
      return this.#fails(error);
    }
  }

  read(key: string, options?: ReadOptions): VisitorState | undefined | Promise<VisitorState | undefined> {
    return this.#store.read(key, options);
  }

  async commit(key: string, change: StateChange, options: CommitOptions): Promise<Committed> {
    this.#counts.commits += 1;
    const began = performance.now();
    try {
      if (this.#commitsUnderWay >= MAX_COMMITS)
        throw new ConvertError(
          'CONVERT_STORE',
          `the visitor store owes the answer to ${MAX_COMMITS} commits`,
        );
      this.#commitsUnderWay += 1;
      try {
        const committed = await withStoreTimeout(STORE_LIMIT, this.#store.commit(key, change, options));
        this.#counts.commitTime = this.#average(this.#counts.commitTime, began);
        // The state of a new visitor is not cached: when the visitor comes back, the read prolongs the life of the
        // state in the store. Nor is a note, which no request asks for.
        if (options.ephemeral || options.age !== undefined) this.#cache?.delete(key);
        else this.#cacheState(key, committed.state);
        return committed;
      } finally {
        this.#commitsUnderWay -= 1;
      }
    } catch (error) {
      this.#counts.failedCommits += 1;
      this.#cache?.delete(key);
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    this.#cache?.delete(key);
    await this.#store.delete(key);
    // A state may have been read and cached while it was deleted.
    this.#cache?.delete(key);
  }

  close(): void | Promise<void> {
    return this.#store.close?.();
  }

  stats(): StoreStats {
    return { remote: true, failing: this.#health.isFailing, ...this.#counts };
  }

  async #await(key: string, reading: PromiseLike<VisitorState | undefined>): Promise<Answer | undefined> {
    const began = performance.now();
    this.#answersLater = true;
    this.#readsUnderWay += 1;
    this.#lastRead = began;
    try {
      const state = await withStoreTimeout(this.#options.budget, reading);
      this.#counts.readTime = this.#average(this.#counts.readTime, began);
      if (state !== undefined) this.#cacheState(key, state);
      this.#works();
      return { state };
    } catch (error) {
      return this.#fails(error);
    } finally {
      this.#readsUnderWay -= 1;
    }
  }

  /** True while a request waits for the store. */
  get #isTried(): boolean {
    return this.#readsUnderWay > 0 && performance.now() - this.#lastRead < this.#options.budget;
  }

  #works(): void {
    if (this.#health.succeeded()) this.#options.worksAgain();
  }

  #fails(error: unknown): undefined {
    if (this.#health.failed()) {
      const what = 'the visitor store failed to read, decided without it';
      this.#options.failing(asConvertError(error, 'CONVERT_STORE', what));
    }
    return this.#countUnavailable();
  }

  #countUnavailable(): undefined {
    this.#counts.unavailable += 1;
  }

  #average(before: number, began: number): number {
    const now = performance.now() - began;
    return before === 0 ? now : before + (now - before) * WEIGHT;
  }

  #cacheState(key: string, state: VisitorState): void {
    if (this.#cache === undefined || !this.#answersLater) return;
    this.#cache.delete(key);
    // A state with claims whose lease may end, or with deferred changes, is not cached: another process may have sent
    // their events meanwhile.
    if (state.pending !== undefined || state.held !== undefined || !this.#options.isComplete(state)) return;
    this.#cache.add(key, { state, until: performance.now() + this.#age });
  }
}
