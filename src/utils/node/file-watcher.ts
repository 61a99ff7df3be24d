/** Reads a file, and reads it again whenever it changes. */
import { open, stat } from 'node:fs/promises';
import { codeOf } from '../errors.js';
import { unrefTimeout } from './timers.js';

/** Milliseconds after a change during which another change may leave the same time stamps. */
const TIMESTAMP_GRAIN = 1_000;

/** A fingerprint that no file has: the file is read once more. */
const UNSURE = '';

export interface FileWatcherOptions {
  /** Absolute. */
  readonly path: string;
  /** Milliseconds between two looks at the file. */
  readonly interval: number;
  /** Milliseconds that a changed file must stand still before it is read. */
  readonly settleMs: number;
  /** Largest file, in bytes. Default: no limit. */
  readonly maxBytes?: number;
}

/** What a watcher tells. No method may throw. */
export interface FileListener {
  /**
   * The content at the first look, and after each change. May be the same again, or half of a file that is being
   * written.
   */
  bytes(bytes: Buffer): void;
  /** The file cannot be read: told at each look, until it can. */
  unreadable(cause: unknown): void;
  /** A look found the file as it was read last. */
  unchanged?(): void;
}

interface FileStat {
  /** Changes with the file. */
  readonly fingerprint: string;
  /** The file is so young that its next change could leave the same fingerprint. */
  readonly isRacy: boolean;
  /** The reason why the file cannot be read. */
  readonly fault?: string;
}

/**
 * Looks at the path at an interval and follows links: a file that is replaced by a rename (editors, deployments), or
 * behind a swapped link (Kubernetes config maps), is seen, also on network drives where the system reports no changes.
 * The first look is believed at once; a change must look the same twice before the file is read. A watcher does not
 * keep the process alive.
 */
export class FileWatcher {
  /** The fingerprint of the file that was read last, or tried to; undefined: there was no look yet. */
  #read: string | undefined;
  /** The fingerprint of the last look. */
  #seen: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Another object with each start and stop: a look that is under way sees that it was stopped. */
  #run = {};

  constructor(
    private readonly options: FileWatcherOptions,
    private readonly listener: FileListener,
  ) {}

  /** Resolves after the first look, whatever came of it. May be called again after `stop`. */
  start(): Promise<void> {
    this.#read = this.#seen = undefined;
    return this.#look((this.#run = {}));
  }

  stop(): void {
    this.#run = {};
    clearTimeout(this.#timer);
  }

  async #look(run: object): Promise<void> {
    const found = await statFile(this.options.path);
    if (run !== this.#run) return;
    const { fingerprint, fault } = found;
    const isSettling = this.#read !== undefined && fingerprint !== this.#read && fingerprint !== this.#seen;
    this.#seen = fingerprint;
    if (!isSettling) {
      if (fingerprint !== this.#read) await this.#load(found, run);
      else if (fault === undefined) this.listener.unchanged?.();
      else this.listener.unreadable(new Error(fault));
    }
    if (run !== this.#run) return;
    const delay = isSettling ? this.options.settleMs : this.options.interval;
    this.#timer = unrefTimeout(() => void this.#look(run), delay);
  }

  async #load({ fingerprint, isRacy, fault }: FileStat, run: object): Promise<void> {
    this.#read = fingerprint;
    // The next change could go unseen: the file is read once more when it stands still.
    if (isRacy) {
      this.#read = UNSURE;
      this.#seen = undefined;
    }
    let bytes: Buffer;
    try {
      if (fault !== undefined) throw new Error(fault);
      bytes = await readUpTo(this.options.path, this.options.maxBytes ?? Infinity).catch((error: unknown) => {
        // The reason may pass without a change of the file.
        this.#read = UNSURE;
        throw error;
      });
    } catch (cause) {
      if (run === this.#run) this.listener.unreadable(cause);
      return;
    }
    if (run === this.#run) this.listener.bytes(bytes);
  }
}

/** Never rejects: a file that cannot be looked at has a fault. */
async function statFile(path: string): Promise<FileStat> {
  try {
    const found = await stat(path, { bigint: true });
    const fingerprint = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
    // Opening a pipe would wait for a writer.
    if (!found.isFile()) return { fingerprint, isRacy: false, fault: 'it is not a file' };
    return { fingerprint, isRacy: Date.now() - Number(found.ctimeMs) < TIMESTAMP_GRAIN };
  } catch (error) {
    const fault = codeOf(error);
    return { fingerprint: fault, isRacy: false, fault };
  }
}

async function readUpTo(path: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const bytes = size > maxBytes ? undefined : await handle.readFile();
    // The file may have grown since it was looked at.
    if (bytes === undefined || bytes.length > maxBytes)
      throw new Error(`it is larger than ${maxBytes} bytes`);
    return bytes;
  } finally {
    await handle.close();
  }
}
