/**
 * A remote store with a time budget for requests: a request waits up to the budget, and not at all while the store is
 * known to fail. States that were read or written are cached for a moment.
 */
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { isThenable } from '../utils/objects.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { HealthReporter } from '../utils/health-reporter.js';
import { LruMap } from '../utils/lru-map.js';
import { type CommitOptions, STORE_LIMIT, type VisitorStore, withStoreTimeout } from './types.js';

export interface StoreCacheOptions {
  /** Milliseconds that a state is cached. Default 5,000. */
  age?: number;
  /** Most visitors in the cache. Default 10,000. */
  max?: number;
}

export interface RemoteStoreOptions {
  /** Milliseconds that a request waits for the store. */
  readonly budget: number;
  /** False: no cache. */
  readonly cache: StoreCacheOptions | false;
  /**
   * True if a state has everything that a request may ask for. Only such a state is cached: another process may have
   * stored since what another state lacks.
   */
  readonly isComplete: (state: VisitorState) => boolean;
  /** The store began to fail. Called once, until `worksAgain`. */
  readonly failing: (error: ConvertError) => void;
  readonly worksAgain: () => void;
}

export interface StoreStats {
  /** True if the store answers with promises; the numbers of a store in the process are 0. */
  readonly remote: boolean;
  /** The last requests that read had no answer in time. */
  readonly failing: boolean;
  /** Reads for a request. */
  readonly reads: number;
  /** Requests that needed no read, as the state of their visitor was cached. */
  readonly cached: number;
  /** Requests that were decided without stored state: the answer did not come in time, or was not to be expected. */
  readonly unavailable: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** Milliseconds of a read and of a commit, a moving average. */
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

/** The numbers of a store in the process, which are not counted. */
export const LOCAL_STORE: StoreStats = Object.freeze({
  remote: false,
  failing: false,
  ...NO_COUNTS,
});

/** Most commits without an answer: more would only fill the memory of the store's client. */
const MAX_COMMITS = 1_000;
/** Share of the latest value in a moving average. */
const WEIGHT = 0.05;

/** The answer of a store; `state` is undefined if nothing is stored of the visitor. */
export interface Answer {
  readonly state: VisitorState | undefined;
}

interface CachedState {
  readonly state: VisitorState;
  /** By performance.now(). */
  readonly until: number;
}

export class RemoteStore implements VisitorStore {
  readonly remote = true;
  readonly outlives: boolean;
  readonly #store: VisitorStore;
  readonly #options: RemoteStoreOptions;
  readonly #cache: LruMap<CachedState> | undefined;
  readonly #age: number;
  /** The store answers with promises. The cache is of no use for a store that answers at once. */
  #answersLater = false;
  readonly #health = new HealthReporter();
  #readsUnderWay = 0;
  #commitsUnderWay = 0;
  readonly #counts = { ...NO_COUNTS };

  constructor(store: VisitorStore, options: RemoteStoreOptions) {
    this.#store = store;
    this.#options = options;
    this.outlives = store.outlives === true;
    const { age = 5_000, max = 10_000 } = options.cache || {};
    this.#age = age;
    this.#cache = options.cache === false ? undefined : new LruMap({ max });
  }

  /** The cached state of a visitor who was here a moment ago. */
  readCached(key: string): VisitorState | undefined {
    const entry = this.#cache?.find(key);
    if (entry === undefined || entry.value.until <= performance.now()) return undefined;
    // The project may have changed since.
    if (!this.#options.isComplete(entry.value.state)) return undefined;
    this.#counts.cached += 1;
    return entry.value.state;
  }

  /** For a request: the answer of the store, or undefined if there is none in time. Never throws or rejects. */
  readWithinBudget(key: string): Answer | undefined | Promise<Answer | undefined> {
    // While the store fails, one request at a time tries whether it is back.
    if (this.#health.isFailing && this.#readsUnderWay > 0) return this.#countUnavailable();
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

  read(key: string): VisitorState | undefined | Promise<VisitorState | undefined> {
    return this.#store.read(key);
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
        // A new visitor is not cached: reading their state when they come back prolongs its life in the store.
        if (options.ephemeral) this.#cache?.delete(key);
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
    // A state may have been read, and cached, meanwhile.
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
    // Claims that may lapse, and changes that wait for consent, are not cached: another process may have sent them.
    if (state.pending !== undefined || state.held !== undefined || !this.#options.isComplete(state)) return;
    this.#cache.add(key, { state, until: performance.now() + this.#age });
  }
}
