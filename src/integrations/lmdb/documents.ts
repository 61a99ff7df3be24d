/**
 * Keeps the documents of a visitor store in LMDB, an embedded database that the processes of one machine share. Each
 * document has a version that grows with each change. The version tells until when the document lives, and it
 * identifies the last change.
 */
import type { Database, open, RootDatabase } from 'lmdb';
import type { Document, Documents, CompareAndSetResult } from '../../store/document-store.js';
import { ConvertError } from '../../utils/errors.js';
import { sha256 } from '../../utils/node/hash.js';
import { withTimeout } from '../../utils/node/timers.js';
import { prepareFiles } from './files.js';
import { LmdbSweep } from './sweep.js';
import { WriteBatcher } from './write-batcher.js';
import { GRAIN, reasonOf, untilOf, written } from './writes.js';

export interface LmdbDocumentsOptions {
  /** `open` of the package lmdb. */
  readonly open: typeof open;
  readonly path: string;
  /** Milliseconds for which a document lives that no process reads or writes. */
  readonly maxAge: number;
  /** Milliseconds for which an ephemeral document lives: its visitor's id may never come back. */
  readonly ephemeralAge: number;
  /** Milliseconds between two attempts to open a database that cannot be opened. Default 5,000. */
  readonly openInterval?: number;
}

/** Bytes of the longest key that is stored as it is; LMDB takes 1,978. A longer key, or no UTF-8, is hashed. */
const MAX_KEY = 500;
const OPEN_INTERVAL = 5_000;
/**
 * The writes of so many milliseconds go into one transaction: each transaction is synced to the disk, which takes
 * CPU time (bench/stores: LMDB, and a bare put). The delay matters only to code that awaits a commit, and to the
 * outbox, which waits longer than that anyway.
 */
const BATCH_INTERVAL = 25;
/**
 * Milliseconds from a write that failed to the next attempt: a full disk stays full for a while, and LMDB prints each
 * failure.
 */
const WRITE_INTERVAL = 1_000;
/**
 * Milliseconds that the close waits for the writes to reach the disk. If the last write failed, they never reach it.
 */
const CLOSE_LIMIT = 1_000;

interface Stored extends Document {
  readonly version: number;
}

export class LmdbDocuments implements Documents {
  readonly remote = false;
  readonly #options: LmdbDocumentsOptions;
  readonly #writes = new WriteBatcher(BATCH_INTERVAL);
  #root: RootDatabase | undefined;
  #texts: Database<string, string> | undefined;
  #sweep: LmdbSweep | undefined;
  #isClosed = false;
  /** The time of the last attempt to open the database, by performance.now(). */
  #openedAt = -Infinity;
  #failure: unknown;
  /** The time when a write failed last, by performance.now(); `#writeFailure` is the error of that write. */
  #failedAt = -Infinity;
  #writeFailure: unknown;

  constructor(options: LmdbDocumentsOptions) {
    this.#options = options;
    try {
      this.#open();
    } catch {
      // The error is thrown at the first use instead, so that an app can start although its disk is full.
    }
  }

  read(key: string, prolongs: boolean): Stored | undefined {
    const texts = this.#open();
    const id = idOf(key);
    const stored = this.#find(texts, id);
    if (stored === undefined || !prolongs) return stored;
    if (untilOf(stored.version) - Date.now() > this.#options.maxAge / 2) return stored;
    // Reading prolongs the life of a document. No caller waits for this write: if it fails, the next read tries again.
    if (this.#isPausing()) return stored;
    const version = this.#nextVersion(this.#options.maxAge, stored.version);
    this.#written(texts.put(id, stored.text, version, stored.version)).catch(() => undefined);
    return { text: stored.text, version };
  }

  async compareAndSet(
    key: string,
    before: Document | undefined,
    text: string,
    { ephemeral, first, age }: { ephemeral: boolean; first: boolean; age?: number | undefined },
  ): Promise<CompareAndSetResult> {
    const texts = this.#open();
    const id = idOf(key);
    // An expired document stays in the database until it is swept.
    const there = (before as Stored | undefined) ?? (first ? undefined : texts.getEntry(id));
    if (before !== undefined || !isAlive(there)) {
      const { ephemeralAge, maxAge } = this.#options;
      const version = this.#nextVersion(age ?? (ephemeral ? ephemeralAge : maxAge), there?.version);
      const write = (): Promise<boolean> => {
        if (this.#isPausing()) throw this.#writeFailure;
        return this.#written(texts.put(id, text, version, there?.version ?? (null as never)));
      };
      if (await this.#writes.run(write)) return { isReplaced: true, version };
    }
    return { isReplaced: false, found: this.#find(texts, id) };
  }

  async delete(key: string): Promise<void> {
    await this.#written(this.#open().remove(idOf(key)));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sweep?.stop();
    const root = this.#root;
    if (root === undefined) return;
    const closing = root.flushed.then(() => root.close());
    await withTimeout(CLOSE_LIMIT, closing, { keepAlive: true }).catch(() => undefined);
  }

  async #written(writing: Promise<boolean>): Promise<boolean> {
    try {
      return await written(writing);
    } catch (error) {
      this.#failedAt = performance.now();
      this.#writeFailure = new ConvertError(
        'CONVERT_STORE',
        `the visitor store can not be written (${reasonOf(error)}; ${this.#options.path})`,
        { cause: error },
      );
      throw this.#writeFailure;
    }
  }

  #isPausing(): boolean {
    return performance.now() - this.#failedAt < WRITE_INTERVAL;
  }

  /**
   * Returns the document as any process wrote it last. The read transaction is reset before: within one turn of the
   * event loop, LMDB would show an old snapshot.
   */
  #find(texts: Database<string, string>, id: string): Stored | undefined {
    this.#root?.resetReadTxn();
    const entry = texts.getEntry(id);
    return isAlive(entry) ? { text: entry.value, version: entry.version } : undefined;
  }

  /**
   * Returns the version of a document that lives for at least `age` milliseconds. It is greater than the version
   * `before`.
   */
  #nextVersion(age: number, before: number | undefined): number {
    const until = Math.floor(Date.now() + age) * GRAIN;
    // The version has a random part, since a document that was deleted and made again must not have the version of the
    // old one.
    return before === undefined ? until + Math.floor(Math.random() * GRAIN) : Math.max(until, before + 1);
  }

  #open(): Database<string, string> {
    if (this.#isClosed) throw new ConvertError('CONVERT_STORE', 'the visitor store is closed');
    if (this.#texts !== undefined) return this.#texts;
    const { path, ephemeralAge, open: openRoot, openInterval = OPEN_INTERVAL } = this.#options;
    const now = performance.now();
    if (now - this.#openedAt < openInterval) throw this.#failure;
    this.#openedAt = now;
    try {
      if (this.#root === undefined) {
        this.#root = openRoot({
          path: prepareFiles(path),
          // With the default, LMDB takes a path with a dot for a file.
          noSubdir: false,
          encoding: 'string',
          cache: false,
          // With batching, a commit that fails rejects a promise that nobody holds, which ends the process.
          eventTurnBatching: false,
        });
      }
      this.#texts = this.#root.openDB<string, string>({
        name: 'visitors',
        encoding: 'string',
        useVersions: true,
      });
      this.#sweep = new LmdbSweep(this.#root, this.#texts, ephemeralAge);
      return this.#texts;
    } catch (error) {
      this.#failure = new ConvertError(
        'CONVERT_STORE',
        `the visitor store can not be opened (${reasonOf(error)}; ${path})`,
        { cause: error },
      );
      throw this.#failure;
    }
  }
}

function isAlive<T extends { version?: number }>(entry: T | undefined): entry is T & { version: number } {
  return entry?.version !== undefined && untilOf(entry.version) > Date.now();
}

function idOf(key: string): string {
  if (Buffer.byteLength(key) <= MAX_KEY && key.isWellFormed()) return key;
  return `#${sha256(key, 'base64url')}`;
}
