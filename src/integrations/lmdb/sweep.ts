/** Removes what lives no more, a little at a time. Of the processes that share a database, one does so. */
import type { Database, RootDatabase } from 'lmdb';
import { untilOf, written } from './writes.js';

/** Milliseconds between two pieces of work, and for how long one may go on: the event loop waits. */
const INTERVAL = 250;
const PIECE = 2;
/** Milliseconds to the next piece where this one found something: a flood must not come faster than it goes. */
const BUSY_INTERVAL = 20;
/** Milliseconds for which a process has the work, unless it is heard of. */
const LEASE = 20_000;
/** Milliseconds between two rounds, at least. */
const MIN_PAUSE = 1_000;
/** Documents between two looks at the clock. */
const CHUNK = 50;

const KEY = 'sweep';
const NAME = Math.random().toString(36).slice(2);

interface Holder {
  readonly name: string;
  /** Milliseconds since the epoch. */
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
    this.#timer = setTimeout(() => {
      this.#work().then(
        (next) => this.#plan(next),
        // A disk that is full or fails: the store says so itself.
        () => this.#plan(LEASE),
      );
    }, wait).unref();
  }

  /** Milliseconds to the next piece. */
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
    // A clock that was wrong must not have it for ever.
    const isHeld = until > now && until <= now + LEASE;
    if (isHeld && name !== NAME) return false;
    if (isHeld && until - now > LEASE / 2) return true;
    const version = (entry?.version ?? 0) + 1;
    const holder = { name: NAME, until: now + LEASE };
    return written(this.#meta.put(KEY, holder, version, entry?.version ?? (null as never)));
  }

  /** True at the end of a round. */
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
        // Only if it is still that: somebody may be writing it.
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
