/**
 * Writes and reads the mark of a spool log: the number of an event, below which all events are finalized (delivered or
 * given up). The mark is written in two places of its file in turn: if one write is torn, the mark before it is left.
 */
import { join } from 'node:path';
import { codeOf } from '../../utils/errors.js';
import { crcOf } from './crc.js';
import type { SpoolFile, SpoolFiles } from './files.js';

/** The name of the mark's file in the folder of a log. */
export const MARK = 'settled';

const MARK_BYTES = 32;
const MARK_TEXT = /^(\d{16}) ([0-9a-f]{8}) +\n$/;

/** The mark of a log that this process writes. Its file is made with the first write. */
export class LogMark {
  #file: SpoolFile | undefined;
  #writes = 0;

  constructor(
    private readonly files: SpoolFiles,
    /** The path of the log's folder. */
    private readonly folder: string,
  ) {}

  async write(number: number): Promise<void> {
    this.#file ??= await this.#open();
    await this.#file.write(encode(number), (this.#writes++ % 2) * MARK_BYTES);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async #open(): Promise<SpoolFile> {
    const path = join(this.folder, MARK);
    try {
      return await this.files.open(path, true);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    // The file is made and opened again: `create` opens it for appending only, but the mark is written in two fixed
    // places.
    await (await this.files.create(path)).close();
    return this.files.open(path, true);
  }
}

/** Returns the number in the mark of a log; 0 if the log has no mark, or none that is intact. */
export async function readMark(files: SpoolFiles, folder: string): Promise<number> {
  try {
    const file = await files.open(join(folder, MARK));
    try {
      const data = await file.read(0, 2 * MARK_BYTES);
      return Math.max(0, ...[0, MARK_BYTES].map((at) => decode(data.subarray(at, at + MARK_BYTES))));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function encode(mark: number): Buffer {
  const number = String(mark).padStart(16, '0');
  return Buffer.from(`${`${number} ${crcOf(number)}`.padEnd(MARK_BYTES - 1)}\n`, 'latin1');
}

function decode(data: Buffer): number {
  const [, number, crc] = MARK_TEXT.exec(data.toString('latin1')) ?? [];
  return number !== undefined && crcOf(number) === crc ? Number(number) : 0;
}
