/**
 * Lets jobs begin at the speed at which their events leave. A job that awaits nothing but `forVisitor` would never let
 * the event loop turn, so that nothing would be committed or sent until its end.
 */
import type { Outbox } from '../delivery/types.js';

/** The number of jobs that begin in one turn of the event loop. The next ones wait for the commits of these. */
const JOBS_PER_TURN = 64;
/** Milliseconds after which a job begins even if the outbox still has no room. */
const ROOM_LIMIT = 5_000;
/** Milliseconds between two looks at the outbox, while jobs wait for room. */
const ROOM_POLL = 10;

export class JobGate {
  #begun = 0;
  #waiting: { begin: () => void; until: number }[] = [];
  /** The index in `#waiting` of the job that begins next. */
  #next = 0;
  #isTurnPlanned = false;
  #isFull = false;
  /**
   * True once a job has waited for room in vain, until there is room: an endpoint that is down must not stop all jobs.
   */
  #isInVain = false;
  #waits = 0;

  constructor(private readonly outbox: Outbox) {}

  /** The number of jobs so far that waited because over half of the outbox was full. */
  get waits(): number {
    return this.#waits;
  }

  /** Returns a promise if the job has to wait: it resolves when the job may begin, after 5 s at the latest. */
  enter(): Promise<void> | undefined {
    const isFree = this.#waiting.length === 0 && this.#begun < JOBS_PER_TURN && !this.#needsRoom();
    this.#planTurn();
    if (isFree) {
      this.#begun += 1;
      return undefined;
    }
    const until = performance.now() + ROOM_LIMIT;
    return new Promise((begin) => void this.#waiting.push({ begin, until }));
  }

  #needsRoom(): boolean {
    const isFull = this.#outboxIsFull();
    if (!isFull) this.#isInVain = false;
    return isFull && !this.#isInVain;
  }

  /** An outbox of the app's own may throw, or have no such method. */
  #outboxIsFull(): boolean {
    try {
      return this.outbox.isHalfFull?.() === true;
    } catch {
      return false;
    }
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#begun = 0;
    if (this.#waiting.length > 0 && this.#needsRoom()) {
      this.#isFull = true;
      this.#beginUntil(performance.now());
      this.#isInVain = this.#begun > 0;
    } else {
      this.#beginUntil(Infinity);
      this.#isFull = false;
    }
    this.#isTurnPlanned = this.#waiting.length > 0;
    if (!this.#isTurnPlanned) return;
    // The timer keeps the process alive, since the job goes on after it.
    if (this.#isFull) setTimeout(() => this.#turn(), ROOM_POLL);
    else setImmediate(() => this.#turn());
  }

  /** Lets the jobs of one turn begin, of those that have waited until `time`. */
  #beginUntil(time: number): void {
    while (this.#begun < JOBS_PER_TURN && this.#next < this.#waiting.length) {
      const { begin, until } = this.#waiting[this.#next]!;
      if (until > time) break;
      this.#next += 1;
      this.#begun += 1;
      if (this.#isFull) this.#waits += 1;
      begin();
    }
    if (this.#next < this.#waiting.length) return;
    this.#waiting = [];
    this.#next = 0;
  }
}
