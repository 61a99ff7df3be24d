/** Bytes of a file, now and whenever the file changes. */
import { readFile } from 'node:fs/promises';
import { type FileStat, statFile } from './file-look.js';

export interface FileSink {
  /** Throws for bytes that are not what is meant: half of a file that is being written, perhaps. */
  bytes(bytes: Buffer): void;
  /** Called once per outage: what is there now can't be used. */
  failing(cause: unknown): void;
  /** Called after the first `bytes` that did not throw since. */
  recovered(): void;
}

/**
 * Looks at the path at an interval, and follows links: so that a file that was replaced by a rename is seen, on network drives
 * too. The first look is believed at once; what has changed since must look the same twice before it is read. Nothing here
 * keeps a process alive.
 */
export class FileWatcher {
  /** What was there when it was read, whatever came of it; undefined: nothing was looked at yet. */
  #read: string | undefined;
  /** A new look, which must be seen twice. */
  #fresh: string | undefined;
  #isFailing = false;
  #timer: NodeJS.Timeout | undefined;
  /** Another one with each start and stop: a look that is under way sees that it is no longer meant. */
  #turn = {};

  /**
   * @param path absolute
   * @param interval milliseconds between two looks
   */
  constructor(
    private readonly path: string,
    private readonly interval: number,
    private readonly sink: FileSink,
  ) {}

  /** Resolves after the first look, whatever it saw. */
  start(): Promise<void> {
    this.#read = this.#fresh = undefined;
    this.#isFailing = false;
    return this.#look((this.#turn = {}));
  }

  stop(): void {
    this.#turn = {};
    clearTimeout(this.#timer);
  }

  async #look(turn: object): Promise<void> {
    const seen = await statFile(this.path);
    if (turn !== this.#turn) return;
    if (this.#read === undefined || (seen.look !== this.#read && seen.look === this.#fresh)) {
      await this.#load(seen, turn);
    }
    if (turn !== this.#turn) return;
    this.#fresh = seen.look;
    this.#timer = setTimeout(() => void this.#look(turn), this.interval).unref();
  }

  async #load({ look, racy, fault }: FileStat, turn: object): Promise<void> {
    // '' is no look: what may change unseen, or pass unseen, is read once more.
    this.#read = racy ? '' : look;
    try {
      if (fault !== undefined) throw new Error(fault);
      const bytes = await readFile(this.path).catch((error: unknown) => {
        this.#read = '';
        throw error;
      });
      if (turn !== this.#turn) return;
      this.sink.bytes(bytes);
      if (this.#isFailing) this.sink.recovered();
      this.#isFailing = false;
    } catch (cause) {
      if (turn !== this.#turn) return;
      if (!this.#isFailing) this.sink.failing(cause);
      this.#isFailing = true;
    }
  }
}
