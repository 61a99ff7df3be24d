/**
 * Knows when a flush is over. A flush waits for the events that were accepted before it began, and for no later events.
 *
 * Each event joins the current epoch. A flush seals that epoch and begins the next one; the flush is over once its
 * epoch and all older ones are empty. So an event that is finalized (delivered or given up) costs one subtraction,
 * however many flushes wait.
 */
import { MAX_DELAY } from '../utils/node/timers.js';

export interface FlushEpoch {
  /** The number of events of this epoch that are not finalized. */
  open: number;
  waiting: Set<() => void> | undefined;
  next: FlushEpoch | undefined;
  /**
   * The younger epoch that this one was merged into, and which counts its open events now; undefined if it was not
   * merged.
   */
  heir: FlushEpoch | undefined;
}

export interface FlushTracker {
  /** The number of flushes that wait. */
  readonly waits: number;
  join(): FlushEpoch;
  /** Notes that events of this epoch were finalized; one event by default. */
  leave(epoch: FlushEpoch, events?: number): void;
  /** Returns the epoch that counts the events of `epoch` now: `epoch` itself, or the one that it was merged into. */
  of(epoch: FlushEpoch): FlushEpoch;
  /**
   * Resolves when all events that joined before this call have left, or after `timeout` milliseconds. Until then a
   * timer keeps the process alive: the other timers and the sockets of delivery may be unref'd, and a job that awaits a
   * flush must not end early because of that.
   */
  wait(timeout: number): Promise<void>;
  /** Ends all flushes at once: their promises resolve even if events are left. */
  dissolve(): void;
}

/** Each time so many epochs were sealed, the epochs that no flush waits for any more are merged. */
const MERGE_AFTER = 1000;

/** `idle` is called whenever a flush is over and no other flush waits. */
export function createFlushTracker(idle: () => void, mergeAfter = MERGE_AFTER): FlushTracker {
  let current: FlushEpoch = newEpoch();
  let oldest = current;
  let sealed: FlushEpoch | undefined;
  let sinceMerge = 0;
  let waits = 0;

  function advance(): void {
    while (oldest !== current && oldest.open === 0) {
      const { waiting, next } = oldest;
      oldest = next ?? current;
      for (const done of waiting ?? []) done();
    }
  }

  function latest(): FlushEpoch | undefined {
    if (current.open > 0) {
      sealed = current;
      current = current.next = newEpoch();
      if (++sinceMerge >= mergeAfter) merge();
      return sealed;
    }
    return oldest === current ? undefined : sealed;
  }

  /**
   * Merges the epochs that no flush waits for. If an app flushes for each response while the endpoint is down, there is
   * about one epoch for each event.
   */
  function merge(): void {
    sinceMerge = 0;
    let before: FlushEpoch | undefined;
    for (let each = oldest; each !== sealed; each = each.next!) {
      // An epoch that a flush waits for stays. Any other epoch can be merged into the next one, since a flush that
      // waits for the next epoch waits for older epochs, too.
      if ((each.waiting?.size ?? 0) > 0) {
        before = each;
        continue;
      }
      const heir = each.next!;
      heir.open += each.open;
      each.open = 0;
      each.heir = heir;
      if (before === undefined) oldest = heir;
      else before.next = heir;
    }
  }

  function of(epoch: FlushEpoch): FlushEpoch {
    let heir = epoch;
    while (heir.heir !== undefined) heir = heir.heir;
    // Each epoch of the chain gets the last epoch as its heir, so that no chain is walked twice.
    for (let each = epoch; each.heir !== undefined && each.heir !== heir;) {
      const next = each.heir;
      each.heir = heir;
      each = next;
    }
    return heir;
  }

  return {
    get waits() {
      return waits;
    },
    join() {
      current.open += 1;
      return current;
    },
    leave(joined, events = 1) {
      const epoch = of(joined);
      epoch.open -= events;
      if (epoch.open === 0 && epoch === oldest) advance();
    },
    of,
    wait(timeout) {
      const epoch = latest();
      if (!epoch) return Promise.resolve();
      const waiting = (epoch.waiting ??= new Set());
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          if (!waiting.delete(done)) return;
          waits -= 1;
          resolve();
          if (waits === 0) idle();
        };
        const timer = setTimeout(done, Math.min(MAX_DELAY, Math.max(0, timeout)));
        waiting.add(done);
        waits += 1;
      });
    },
    dissolve() {
      for (let each: FlushEpoch | undefined = oldest; each; each = each.next) {
        for (const done of each.waiting ?? []) done();
      }
      oldest = current;
    },
  };
}

function newEpoch(): FlushEpoch {
  return { open: 0, waiting: undefined, next: undefined, heir: undefined };
}

/**
 * A run: events that follow each other in a queue and belong to one epoch. A run takes a few numbers for many events.
 */
export interface EpochRun {
  readonly epoch: FlushEpoch;
}

/** With fewer runs than this in the queue, runs whose epochs were merged are not joined. */
const MERGE_FROM = 1000;

/** A queue of runs of events, the oldest run first. */
export class EpochRuns<Each extends EpochRun> {
  #runs: Each[] = [];
  #start = 0;
  #mergeAt = MERGE_FROM;

  /** `join` adds the run `next` to the run `last`, which is directly before it in the queue and of the same epoch. */
  constructor(
    private readonly flushes: FlushTracker,
    private readonly join: (last: Each, next: Each) => void,
  ) {}

  get length(): number {
    return this.#runs.length - this.#start;
  }

  /** The oldest run; undefined if there is none. */
  get first(): Each | undefined {
    return this.#runs[this.#start];
  }

  /** Returns the `count` oldest runs, the oldest first. */
  slice(count: number): Each[] {
    return this.#runs.slice(this.#start, this.#start + count);
  }

  push(run: Each): void {
    this.#append(run);
    if (this.length < this.#mergeAt) return;
    const runs = this.#runs.slice(this.#start);
    this.#reset([]);
    for (const each of runs) this.#append(each);
    this.#mergeAt = Math.max(MERGE_FROM, 2 * this.length);
  }

  /** Removes and returns the oldest runs, up to the first run for which `isOver` returns false. */
  take(isOver: (run: Each) => boolean): Each[] {
    const from = this.#start;
    while (this.first !== undefined && isOver(this.first)) this.#start += 1;
    const taken = this.#runs.slice(from, this.#start);
    // The array is cut only when more than half of it is removed: a cut at each call would move all runs again and
    // again.
    if (this.#start * 2 > this.#runs.length) this.#reset(this.#runs.slice(this.#start));
    return taken;
  }

  /** Removes and returns all runs for which `isOver` returns true, wherever they are in the queue. */
  remove(isOver: (run: Each) => boolean): Each[] {
    const removed: Each[] = [];
    const kept: Each[] = [];
    for (const run of this.slice(this.length)) (isOver(run) ? removed : kept).push(run);
    if (removed.length > 0) this.#reset(kept);
    return removed;
  }

  #append(run: Each): void {
    const last = this.#runs.at(-1);
    const isLike = this.length > 0 && this.flushes.of(last!.epoch) === this.flushes.of(run.epoch);
    if (isLike) this.join(last!, run);
    else this.#runs.push(run);
  }

  #reset(runs: Each[]): void {
    this.#runs = runs;
    this.#start = 0;
  }
}
