/**
 * Tells all processes that send events from the folder of a project which visitors were erased. Writes and reads files
 * that have one line for each erasure:
 *
 *     <SHA-256 of the visitor's id> <milliseconds since the epoch> <CRC-32>
 *
 * Each process appends to a file of its own, so that no process waits for another; all processes read all files. An
 * empty line goes before each line, so that a torn line does not spoil the next one. A file is removed once all its
 * erasures are older than any event that may still be sent.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { codeOf } from '../../utils/errors.js';
import { isTooOld } from '../queued-event.js';
import { crcOf } from './crc.js';
import type { Tombstone } from './erased-visitors.js';
import type { SpoolFile, SpoolFiles } from './files.js';

const NAME = /^[0-9a-f]{12}\.forgotten$/;
const LINE = /^(([0-9a-f]{64}) (\d{1,16})) ([0-9a-f]{8})$/;
const LINE_END = 0x0a;
/** Bytes of a file of tombstones that are read at once. */
const READ_BYTES = 64 * 1024;
/**
 * A process writes to one file up to so many bytes and for so many milliseconds. It begins another file long before any
 * process may remove the first one.
 */
const FILE_BYTES = 1024 * 1024;
const FILE_AGE = 24 * 60 * 60 * 1000;

interface OwnFile {
  readonly name: string;
  readonly file: SpoolFile;
  /** The time, by performance.now(), at which the file was made. */
  readonly since: number;
  bytes: number;
}

/** The offset up to which a file was read, and the latest erasure that was read in it. */
interface Reading {
  offset: number;
  latest: number | undefined;
}

export class Tombstones {
  #own: OwnFile | undefined;
  #adding: Promise<void> = Promise.resolve();
  #isClosed = false;
  readonly #readings = new Map<string, Reading>();

  constructor(
    private readonly files: SpoolFiles,
    /** The path of the project's folder in the spool. */
    private readonly path: string,
  ) {}

  /** Writes tombstones. Resolves once they survive a power cut. If it rejects, they may have been written or not. */
  add(tombstones: readonly Tombstone[]): Promise<void> {
    const added = this.#adding.then(() => this.#append(tombstones));
    this.#adding = added.catch(() => undefined);
    return added;
  }

  /** Returns the tombstones that any process has added since the last look. Rejects if some can't be read now. */
  async look(): Promise<Tombstone[]> {
    const names = (await this.files.list(this.path)).filter((name) => NAME.test(name));
    for (const name of this.#readings.keys()) if (!names.includes(name)) this.#readings.delete(name);
    const found: Tombstone[] = [];
    for (const name of names) {
      const reading = this.#readings.get(name) ?? { offset: 0, latest: undefined };
      this.#readings.set(name, reading);
      found.push(...(await this.#read(name, reading)));
      await this.#removeOld(name, reading);
    }
    return found;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#adding;
    await this.#leave();
  }

  async #append(tombstones: readonly Tombstone[]): Promise<void> {
    if (this.#isClosed) throw Object.assign(new Error('closed'), { code: 'ECLOSED' });
    const lines = Buffer.from(tombstones.map(encode).join(''), 'latin1');
    try {
      const own = await this.#fileToday();
      await own.file.append(lines);
      own.bytes += lines.length;
      await own.file.sync();
    } catch (error) {
      // The next tombstones go into another file: a disk that failed once may not report a failure again for the same
      // file. The torn line in this file is skipped when it is read.
      await this.#leave();
      throw error;
    }
  }

  async #fileToday(): Promise<OwnFile> {
    const now = performance.now();
    const own = this.#own;
    if (own !== undefined && own.bytes < FILE_BYTES && now - own.since < FILE_AGE) return own;
    await this.#leave();
    const name = `${randomBytes(6).toString('hex')}.forgotten`;
    this.#own = { name, file: await this.files.create(join(this.path, name)), since: now, bytes: 0 };
    await this.files.syncFolder(this.path);
    return this.#own;
  }

  /** Closes the file that this process writes to. If the file is empty, removes it. */
  async #leave(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    await own?.file.close().catch(() => undefined);
    if (own?.bytes === 0) await this.files.remove(join(this.path, own.name)).catch(() => undefined);
  }

  async #read(name: string, reading: Reading): Promise<Tombstone[]> {
    const found: Tombstone[] = [];
    const path = join(this.path, name);
    try {
      const { size = 0 } = (await this.files.inspect(path)) ?? {};
      if (size <= reading.offset) return found;
      const file = await this.files.open(path);
      try {
        for (;;) {
          const data = await file.read(reading.offset, READ_BYTES);
          const end = data.lastIndexOf(LINE_END) + 1;
          for (const line of data.toString('latin1', 0, end).split('\n')) {
            const tombstone = decode(line);
            if (tombstone === undefined) continue;
            found.push(tombstone);
            reading.latest = Math.max(reading.latest ?? -Infinity, tombstone.at);
          }
          // The rest of the last line may still be written, and is read the next time. But no line is as long as a
          // whole read: if a read has no line end, its bytes are skipped.
          reading.offset += end === 0 && data.length === READ_BYTES ? data.length : end;
          if (data.length < READ_BYTES) return found;
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return found;
    }
  }

  async #removeOld(name: string, { latest }: Reading): Promise<void> {
    if (latest === undefined || !isTooOld(latest, Date.now()) || name === this.#own?.name) return;
    await this.files.remove(join(this.path, name)).catch(() => undefined);
  }
}

function encode({ hash, at }: Tombstone): string {
  const text = `${hash} ${at}`;
  return `\n${text} ${crcOf(text)}\n`;
}

/** Returns undefined for a line that is no tombstone. */
function decode(line: string): Tombstone | undefined {
  const [, text, hash, at, crc] = LINE.exec(line) ?? [];
  if (text === undefined || crcOf(text) !== crc) return undefined;
  // If the clock of the writer was ahead, the time is cut to now: events that are accepted from now on are sent.
  return { hash: hash!, at: Math.min(Number(at), Date.now()) };
}
