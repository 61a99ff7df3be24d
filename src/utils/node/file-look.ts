/** A look at a file, by which a change of it is seen without reading it. */
import { stat } from 'node:fs/promises';
import { codeOf } from '../errors.js';

/** Milliseconds after a change during which another one may leave the same time stamps. */
const TIMESTAMP_GRAIN = 1_000;

export interface FileStat {
  /** Changes with the file. */
  readonly look: string;
  /** The file is so young that its next change could look the same. */
  readonly racy: boolean;
  /** Why it cannot be read. */
  readonly fault?: string;
}

/** Never rejects: what can't be looked at has a fault. Follows links. */
export async function statFile(path: string): Promise<FileStat> {
  try {
    const seen = await stat(path, { bigint: true });
    const look = [seen.dev, seen.ino, seen.size, seen.mtimeNs, seen.ctimeNs].join(':');
    // Opening a pipe would wait for a writer.
    if (!seen.isFile()) return { look, racy: false, fault: 'it is not a file' };
    return { look, racy: Date.now() - Number(seen.ctimeMs) < TIMESTAMP_GRAIN };
  } catch (error) {
    const fault = codeOf(error);
    return { look: fault, racy: false, fault };
  }
}
