/**
 * A remote store as requests meet it: each waits for an answer up to a budget, and for none where the store is known to fail.
 * What was read or written is remembered for a moment.
 */
import type { Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import { isThenable } from '../utils/app-callback.js';
import { asConvertError, ConvertError } from '../utils/errors.js';
import { LruMap } from '../utils/lru-map.js';
import { type CommitOptions, STORE_LIMIT, type VisitorStore, withStoreTimeout } from './types.js';

export interface StoreCacheOptions {
  /** Milliseconds. Default 5,000. */
  age?: number;
  /** Visitors. Default 10,000. */
  max?: number;
}

export interface RemoteStoreOptions {
  /** Milliseconds that a request waits for the store. */
  readonly budget: number;
  /** False: nothing is remembered. */
  readonly cache: StoreCacheOptions | false;
  /**
   * True where a state says all that may be asked of it: what is not in it, another process may have stored since. Only that
   * is remembered.
   */
  readonly isWhole: (state: VisitorState) => boolean;
  /** It began to fail: once, until it is well again. */
  readonly failing: (error: ConvertError) => void;
  readonly worksAgain: () => void;
}

export interface StoreStats {
  /** It is asked over a network; else what follows is 0. */
  readonly remote: boolean;
  /** The last requests that asked had no answer in time. */
  readonly failing: boolean;
  /** Times that it was read for a request, and, of visitors of whom it was not asked, as they were here just before. */
  readonly reads: number;
  readonly cached: number;
  /** Requests that were decided without stored state: there was no answer in time, or none to be expected. */
  readonly unavailable: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** Milliseconds of a read and of a commit, lately and on average. */
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

/** Nothing to tell: a store in the process takes no time, and answers. */
export const LOCAL_STORE: StoreStats = Object.freeze({
  remote: false,
  failing: false,
  ...NO_COUNTS,
});

/** Commits without an answer: more of them would only fill the memory of its client. */
const MAX_COMMITS = 1_000;
/** Of the last one, in an average. */
const WEIGHT = 0.05;

/** What a store holds of a visitor; `state` is undefined where it holds nothing. */
export interface Answer {
  readonly state: VisitorState | undefined;
}

interface Remembered {
  readonly state: VisitorState;
  /** By performance.now(). */
  readonly until: number;
}

export class RemoteStore implements VisitorStore {
  readonly remote = true;
  readonly outlives: boolean;
  readonly #store: VisitorStore;
  readonly #options: RemoteStoreOptions;
  readonly #recent: LruMap<Remembered> | undefined;
  readonly #age: number;
  /** Else there is nothing to spare. */
  #answersLater = false;
  #isFailing = false;
  #asking = 0;
  #committing = 0;
  readonly #counts = { ...NO_COUNTS };

  constructor(store: VisitorStore, options: RemoteStoreOptions) {
    this.#store = store;
    this.#options = options;
    this.outlives = store.outlives === true;
    const { age = 5_000, max = 10_000 } = options.cache || {};
    this.#age = age;
    this.#recent = options.cache === false ? undefined : new LruMap({ max });
  }

  /** What is remembered of a visitor who was here a moment ago. */
  readCached(key: string): VisitorState | undefined {
    const entry = this.#recent?.find(key);
    if (entry === undefined || entry.value.until <= performance.now()) return undefined;
    // The project may have changed.
    if (!this.#options.isWhole(entry.value.state)) return undefined;
    this.#counts.cached += 1;
    return entry.value.state;
  }

  /** For a request: what the store says, or undefined where it says nothing in time. Never throws or rejects. */
  readWithinBudget(key: string): Answer | undefined | Promise<Answer | undefined> {
    // One at a time finds out whether it is back.
    if (this.#isFailing && this.#asking > 0) return this.#unavailable();
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
      if (this.#committing >= MAX_COMMITS)
        throw new ConvertError(
          'CONVERT_STORE',
          `the visitor store owes the answer to ${MAX_COMMITS} commits`,
        );
      this.#committing += 1;
      try {
        const committed = await withStoreTimeout(STORE_LIMIT, this.#store.commit(key, change, options));
        this.#counts.commitTime = this.#average(this.#counts.commitTime, began);
        // Who was new has to be read when they come back: so the store learns that they did.
        if (options.ephemeral) this.#recent?.delete(key);
        else this.#remember(key, committed.state);
        return committed;
      } finally {
        this.#committing -= 1;
      }
    } catch (error) {
      this.#counts.failedCommits += 1;
      this.#recent?.delete(key);
      throw error;
    }
  }

  async delete(key: string): Promise<void> {
    this.#recent?.delete(key);
    await this.#store.delete(key);
    // What was read meanwhile.
    this.#recent?.delete(key);
  }

  close(): void | Promise<void> {
    return this.#store.close?.();
  }

  stats(): StoreStats {
    return { remote: true, failing: this.#isFailing, ...this.#counts };
  }

  async #await(key: string, reading: PromiseLike<VisitorState | undefined>): Promise<Answer | undefined> {
    const began = performance.now();
    this.#answersLater = true;
    this.#asking += 1;
    try {
      const state = await withStoreTimeout(this.#options.budget, reading);
      this.#counts.readTime = this.#average(this.#counts.readTime, began);
      if (state !== undefined) this.#remember(key, state);
      this.#works();
      return { state };
    } catch (error) {
      return this.#fails(error);
    } finally {
      this.#asking -= 1;
    }
  }

  #works(): void {
    if (this.#isFailing) this.#options.worksAgain();
    this.#isFailing = false;
  }

  #fails(error: unknown): undefined {
    if (!this.#isFailing) {
      const what = 'the visitor store failed to read, decided without it';
      this.#options.failing(asConvertError(error, 'CONVERT_STORE', what));
    }
    this.#isFailing = true;
    return this.#unavailable();
  }

  #unavailable(): undefined {
    this.#counts.unavailable += 1;
  }

  #average(before: number, began: number): number {
    const now = performance.now() - began;
    return before === 0 ? now : before + (now - before) * WEIGHT;
  }

  #remember(key: string, state: VisitorState): void {
    if (this.#recent === undefined || !this.#answersLater) return;
    this.#recent.delete(key);
    // What may lapse is asked for, and what waits for consent: another process may have sent it.
    if (state.pending !== undefined || state.held !== undefined || !this.#options.isWhole(state)) return;
    this.#recent.add(key, { state, until: performance.now() + this.#age });
  }
}
