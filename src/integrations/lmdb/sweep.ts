/**
 * Removes expired documents from LMDB, a little at a time. Of the processes that share a database, one does this work.
 */
import type { Database, RootDatabase } from 'lmdb';
import { unrefTimeout } from '../../utils/node/timers.js';
import { untilOf, written } from './writes.js';

/** Milliseconds between two pieces of work, and the most milliseconds of one piece, which blocks the event loop. */
const INTERVAL = 250;
const PIECE = 2;
/**
 * Milliseconds to the next piece of work after a piece that found expired documents: sweeping must keep up with a
 * flood.
 */
const BUSY_INTERVAL = 20;
/**
 * Milliseconds for which a process holds the work without a sign of life. After that another process may take the work
 * over.
 */
const LEASE = 20_000;
/** Milliseconds between two rounds through all documents, at least. */
const MIN_PAUSE = 1_000;
/** The number of documents that are looked at between two looks at the clock. */
const CHUNK = 50;

const KEY = 'sweep';
const NAME = Math.random().toString(36).slice(2);

interface Holder {
  readonly name: string;
  /** The time until which the process holds the work, in milliseconds since the epoch. */
  readonly until: number;
}

export class LmdbSweep {
  readonly #meta: Database<Holder, string>;
  #timer: NodeJS.Timeout | undefined;
  #cursor: string | undefined;
  #isStopped = false;

  constructor(
    root: RootDatabase,
    private readonly texts: Database<string, string>,
    private readonly ephemeralAge: number,
  ) {
    this.#meta = root.openDB<Holder, string>({ name: 'meta', encoding: 'json', useVersions: true });
    this.#plan(MIN_PAUSE);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #plan(wait: number): void {
    if (this.#isStopped) return;
    this.#timer = unrefTimeout(() => {
      this.#work().then(
        (next) => this.#plan(next),
        // The error is ignored: the disk is full or fails, which the store itself reports.
        () => this.#plan(LEASE),
      );
    }, wait);
  }

  /** Does one piece of work, if this process holds the work. Returns the milliseconds until the next piece. */
  async #work(): Promise<number> {
    if (!(await this.#holds())) return LEASE / 2;
    if (this.#isStopped) return LEASE;
    const removing: Promise<boolean>[] = [];
    const isOver = this.#sweep(removing);
    await Promise.all(removing);
    if (isOver) return Math.max(MIN_PAUSE, this.ephemeralAge / 8);
    return removing.length > 0 ? BUSY_INTERVAL : INTERVAL;
  }

  async #holds(): Promise<boolean> {
    const entry = this.#meta.getEntry(KEY);
    const now = Date.now();
    const { name, until } = entry?.value ?? { name: '', until: 0 };
    // A process whose clock was wrong must not hold the work for ever.
    const isHeld = until > now && until <= now + LEASE;
    if (isHeld && name !== NAME) return false;
    if (isHeld && until - now > LEASE / 2) return true;
    const version = (entry?.version ?? 0) + 1;
    const holder = { name: NAME, until: now + LEASE };
    return written(this.#meta.put(KEY, holder, version, entry?.version ?? (null as never)));
  }

  /**
   * Removes the expired documents that it finds within some milliseconds. Returns true at the end of a round through
   * all documents.
   */
  #sweep(removing: Promise<boolean>[]): boolean {
    const until = performance.now() + PIECE;
    const now = Date.now();
    do {
      let seen = 0;
      const start = this.#cursor;
      for (const { key, version } of this.texts.getRange({
        ...(start !== undefined && { start }),
        limit: CHUNK,
        versions: true,
      })) {
        seen += 1;
        this.#cursor = key;
        // The document is removed only if it still has this version: a process may be writing it.
        if (version !== undefined && untilOf(version) <= now)
          removing.push(written(this.texts.remove(key, version)));
      }
      if (seen < CHUNK) {
        this.#cursor = undefined;
        return true;
      }
    } while (performance.now() < until);
    return false;
  }
}
