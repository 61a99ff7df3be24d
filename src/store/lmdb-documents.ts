/**
 * Documents in LMDB, an embedded database that the processes of one machine share. A version goes with each text, and grows
 * with each change: it says until when the text lives, and which change was the last.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Database, RootDatabase, open } from 'lmdb';
import { ConvertError } from '../errors.js';
import type { Document, Documents, Replaced } from './document-store.js';
import { LmdbSweep } from './lmdb-sweep.js';

export interface LmdbDocumentsOptions {
  /** That of the package lmdb. */
  readonly open: typeof open;
  readonly path: string;
  /** Milliseconds for which a document lives that nobody reads or writes. */
  readonly maxAge: number;
  /** Milliseconds for which an ephemeral one lives. */
  readonly ephemeralAge: number;
}

/** Versions per millisecond: a version is exact up to 2^53, which is in the year 2109. */
const GRAIN = 2048;
/** Bytes; LMDB takes 1,978. */
const MAX_KEY = 500;
/** Milliseconds between two attempts to open a database that can't be. */
const OPEN_INTERVAL = 5_000;

interface Stored extends Document {
  readonly version: number;
}

export const untilOf = (version: number): number => Math.floor(version / GRAIN);

export class LmdbDocuments implements Documents {
  readonly remote = false;
  readonly #options: LmdbDocumentsOptions;
  #root: RootDatabase | undefined;
  #texts: Database<string, string> | undefined;
  #sweep: LmdbSweep | undefined;
  #isClosed = false;
  /** By performance.now(). */
  #openedAt = -Infinity;
  #failure: unknown;

  constructor(options: LmdbDocumentsOptions) {
    this.#options = options;
    try {
      this.#open();
    } catch {
      // Told when it is used: an app can start though its disk is full.
    }
  }

  read(key: string): Stored | undefined {
    const texts = this.#open();
    const id = idOf(key);
    const stored = this.#find(texts, id);
    if (stored === undefined || untilOf(stored.version) - Date.now() > this.#options.maxAge / 2)
      return stored;
    // What is read lives on. Nobody waits for it: should it fail, it is tried at the next reading.
    const version = this.#nextVersion(this.#options.maxAge, stored.version);
    texts.put(id, stored.text, version, stored.version).catch(() => undefined);
    return { text: stored.text, version };
  }

  async replace(
    key: string,
    before: Document | undefined,
    text: string,
    { ephemeral }: { ephemeral: boolean },
  ): Promise<Replaced> {
    const texts = this.#open();
    const id = idOf(key);
    // What lives no more is there until it is swept.
    const there = texts.getEntry(id)?.version;
    const expected = before === undefined ? there : (before as Stored).version;
    const isRight = before === undefined ? this.#find(texts, id) === undefined : there === expected;
    if (isRight) {
      const { ephemeralAge, maxAge } = this.#options;
      const version = this.#nextVersion(ephemeral ? ephemeralAge : maxAge, expected);
      if (await texts.put(id, text, version, expected ?? (null as never)))
        return { isReplaced: true, version };
    }
    // As it is now, whoever wrote it.
    this.#root?.resetReadTxn();
    return { isReplaced: false, found: this.#find(texts, id) };
  }

  async delete(key: string): Promise<void> {
    await this.#open().remove(idOf(key));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sweep?.stop();
    await this.#root?.flushed;
    await this.#root?.close();
  }

  #find(texts: Database<string, string>, id: string): Stored | undefined {
    const entry = texts.getEntry(id);
    if (entry?.version === undefined || untilOf(entry.version) <= Date.now()) return undefined;
    return { text: entry.value, version: entry.version };
  }

  /** Of a text that lives for so long at least, after a version. */
  #nextVersion(age: number, before: number | undefined): number {
    const until = Math.floor(Date.now() + age) * GRAIN;
    // What was deleted and is made again has no version in common with what was there.
    return before === undefined ? until + Math.floor(Math.random() * GRAIN) : Math.max(until, before + 1);
  }

  #open(): Database<string, string> {
    if (this.#isClosed) throw new ConvertError('CONVERT_STORE', 'the visitor store is closed');
    if (this.#texts !== undefined) return this.#texts;
    const { path, ephemeralAge, open: openRoot } = this.#options;
    const now = performance.now();
    if (now - this.#openedAt < OPEN_INTERVAL) throw this.#failure;
    this.#openedAt = now;
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      this.#root = openRoot({ path, encoding: 'string', cache: false });
      this.#texts = this.#root.openDB<string, string>({
        name: 'visitors',
        encoding: 'string',
        useVersions: true,
      });
      this.#sweep = new LmdbSweep(this.#root, this.#texts, ephemeralAge);
      return this.#texts;
    } catch (error) {
      const { code = 'no LMDB' } = error as { code?: unknown };
      this.#failure = new ConvertError(
        'CONVERT_STORE',
        `the visitor store can not be opened (${String(code)}; ${path})`,
        { cause: error },
      );
      throw this.#failure;
    }
  }
}

function idOf(key: string): string {
  if (Buffer.byteLength(key) <= MAX_KEY) return key;
  return `#${createHash('sha256').update(key).digest('base64url')}`;
}
