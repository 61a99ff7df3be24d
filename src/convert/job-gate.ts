/**
 * Lets jobs begin at the speed at which their events leave. A job that awaits nothing but `forVisitor` would never let
 * the event loop turn, so that nothing would be committed or sent until its end.
 */
import type { Outbox } from '../delivery/types.js';
import type { JobEntrance } from './platform.js';

/** The number of jobs that begin in one turn of the event loop. The next ones wait for the commits of these. */
const JOBS_PER_TURN = 64;
/** Milliseconds after which a job begins even if the outbox still has no room. */
const ROOM_LIMIT = 5_000;
/** Milliseconds between two looks at the outbox, while jobs wait for room. */
const ROOM_POLL = 10;

/**
 * What the gate knows of the room in the outbox. After `awaited` in vain comes `given-up`, until there is room again:
 * an endpoint that is down must not stop all jobs.
 */
type Room = 'enough' | 'awaited' | 'given-up';

export class JobGate implements JobEntrance {
  #begun = 0;
  /** A set, as a queue: the first one is taken out without moving all others. */
  readonly #waiting = new Set<{ begin: () => void; until: number }>();
  #isTurnPlanned = false;
  #room: Room = 'enough';
  #waits = 0;

  constructor(private readonly outbox: Outbox) {}

  get waits(): number {
    return this.#waits;
  }

  /** Returns a promise if the job has to wait: it resolves when the job may begin, after 5 s at the latest. */
  enter(): Promise<void> | undefined {
    this.#lookForRoom();
    const isFree = this.#waiting.size === 0 && this.#begun < JOBS_PER_TURN && this.#room !== 'awaited';
    this.#planTurn();
    if (isFree) {
      this.#begun += 1;
      return undefined;
    }
    const until = performance.now() + ROOM_LIMIT;
    return new Promise((begin) => void this.#waiting.add({ begin, until }));
  }

  #lookForRoom(): void {
    if (!this.#outboxIsFull()) this.#leave('enough');
    else if (this.#room === 'enough') this.#room = 'awaited';
  }

  #leave(room: Room): void {
    if (this.#room === 'awaited') this.#waits += this.#waiting.size;
    this.#room = room;
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
    // The timer keeps the process alive, since a job goes on after it.
    if (this.#room === 'awaited') setTimeout(() => this.#turn(), ROOM_POLL);
    else setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnPlanned = false;
    this.#begun = 0;
    this.#lookForRoom();
    const [first] = this.#waiting;
    if (this.#room === 'awaited' && first && first.until <= performance.now()) this.#leave('given-up');
    if (this.#room !== 'awaited') this.#beginJobs();
    if (this.#waiting.size > 0) this.#planTurn();
  }

  /** Lets as many jobs begin as one turn may have. */
  #beginJobs(): void {
    for (const job of this.#waiting) {
      if (this.#begun === JOBS_PER_TURN) return;
      this.#waiting.delete(job);
      this.#begun += 1;
      job.begin();
    }
  }
}
