/** Reads a file, and reads it again whenever it changes. */
import { open, stat } from 'node:fs/promises';
import { codeOf } from '../errors.js';
import { unrefTimeout } from './timers.js';

/** Milliseconds after a change of a file during which another change may leave the same time stamps. */
const TIMESTAMP_GRAIN = 1_000;

/** A fingerprint that no file has. A watcher with this fingerprint in `#read` reads the file once more. */
const UNSURE = '';

export interface FileWatcherOptions {
  /** The absolute path of the file. */
  readonly path: string;
  /** Milliseconds between two looks at the file. */
  readonly interval: number;
  /** Milliseconds for which a changed file must stay unchanged before it is read. */
  readonly settleMs: number;
  /** The size of the largest file that is read, in bytes. Default: no limit. */
  readonly maxBytes?: number;
}

/** Receives the reports of a file watcher. No method may throw. */
export interface FileListener {
  /**
   * Gets the content of the file at the first look and after each change. The content may be the same again, or a part
   * of a file that is still being written.
   */
  bytes(bytes: Buffer): void;
  /** Called at each look at which the file cannot be read. */
  unreadable(cause: unknown): void;
  /** Called at each look at which the file is as it was read last. */
  unchanged?(): void;
}

interface FileStat {
  /** A text that changes if the file changes. */
  readonly fingerprint: string;
  /** True if the file was changed so recently that its next change could leave the same fingerprint. */
  readonly isRacy: boolean;
  /** The reason why the file cannot be read; undefined if there is none. */
  readonly fault?: string;
}

/**
 * Looks at the path at an interval and follows links. So it notices a file that is replaced by a rename (editors,
 * deployments) or behind a swapped link (Kubernetes config maps). It does so on network drives too, where the system
 * reports no changes. The first look reads the file at once. A changed file is read as soon as two looks in a row find
 * the same fingerprint. A watcher does not keep the process alive.
 */
export class FileWatcher {
  /** The fingerprint of the file at the last attempt to read it; undefined before the first look. */
  #read: string | undefined;
  /** The fingerprint of the file at the last look. */
  #seen: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** A new object at each start and stop. By it, a look that is under way notices that the watcher was stopped. */
  #run = {};

  constructor(
    private readonly options: FileWatcherOptions,
    private readonly listener: FileListener,
  ) {}

  /**
   * Starts the watcher. Resolves after the first look, even if the file cannot be read. May be called again after
   * `stop`.
   */
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
    // The next change could leave the same fingerprint. So the file is read once more, as soon as it stays unchanged.
    if (isRacy) {
      this.#read = UNSURE;
      this.#seen = undefined;
    }
    let bytes: Buffer;
    try {
      if (fault !== undefined) throw new Error(fault);
      bytes = await readUpTo(this.options.path, this.options.maxBytes ?? Infinity).catch((error: unknown) => {
        // The cause of the error may end without a change of the file. So the next look reads the file again.
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

/** Returns the fingerprint of a file. Never rejects: if the file cannot be inspected, the result has a `fault`. */
async function statFile(path: string): Promise<FileStat> {
  try {
    const found = await stat(path, { bigint: true });
    const fingerprint = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
    // Only a file is read: opening a pipe would wait for a writer.
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
    // The file may have grown since its size was read.
    if (bytes === undefined || bytes.length > maxBytes)
      throw new Error(`it is larger than ${maxBytes} bytes`);
    return bytes;
  } finally {
    await handle.close();
  }
}
