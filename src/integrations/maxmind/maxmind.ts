/** Finds the location of an IP address in a MaxMind DB file, and reads the file again when it changes. */
import { resolve } from 'node:path';
import { cannotOpen, type LocationLookup } from '../../request/geo/geo-database.js';
import { knownLocation } from '../../request/geo/geo-location.js';
import type { GeoFacts } from '../../request/geo/geo.js';
import type { GeoListener, GeoReader } from '../../request/geo/types.js';
import { ConvertError } from '../../utils/errors.js';
import { FileWatcher } from '../../utils/node/file-watcher.js';
import { assertOptions, between, shape, text } from '../../utils/option-checks.js';
import { mmdbLookup, type MmdbReader } from './mmdb.js';
import { asObject } from '../../utils/objects.js';

export interface MaxmindOptions {
  /**
   * Milliseconds between two looks at the file. A change of the file is read at the second look that sees it. Default
   * 5000.
   */
  interval?: number;
}

const check = shape({ interval: between(100, 24 * 60 * 60 * 1000, 'milliseconds') });

/**
 * Makes a geo reader over a MaxMind DB file. Needs `npm install maxmind` (version 5), and a database: any .mmdb file
 * with countries or cities, for example of MaxMind, DB-IP or IPinfo. The file is held in memory as a whole. It is
 * loaded off the request path, and read again when it changes, by a rename or in place. If the file is missing or
 * broken, this is reported, and the file is looked for again; the data that were read last stay in force. One reader
 * may serve several instances of Convert, and ends with the last of them.
 *
 * @param path relative paths are resolved against the working directory now, not later
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function maxmind(path: string, options: MaxmindOptions = {}): GeoReader {
  const [wrong] = text(path, 'path');
  if (wrong !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', `maxmind: ${wrong}`);
  assertOptions(check, options);
  return new MaxmindFile(resolve(path), asObject(options).interval ?? 5_000);
}

class MaxmindFile implements GeoReader {
  readonly name = 'maxmind';
  readonly #listeners = new Set<GeoListener>();
  readonly #file: FileWatcher;
  #loading: Promise<void> | undefined;
  #Reader: MmdbReader | undefined;
  #lookup: LocationLookup | undefined;
  /**
   * The error that listeners were told of while the file can not be used. A listener that comes later is told the same
   * one.
   */
  #outage: ConvertError | undefined;

  constructor(
    private readonly path: string,
    interval: number,
  ) {
    this.#file = new FileWatcher(
      { path, interval, settleMs: interval },
      {
        bytes: (bytes) => this.#receive(bytes),
        unreadable: (cause) => this.#fail(cause),
      },
    );
  }

  /**
   * Loads the package and the file. Rejects if the package is missing. If the file can not be used, the listener is
   * told.
   */
  async load(listener: GeoListener): Promise<void> {
    this.#listeners.add(listener);
    // A listener that comes later is told of an outage that the other listeners know of.
    if (this.#outage !== undefined) listener.failing(this.#outage);
    await (this.#loading ??= this.#start());
  }

  read({ ip }: { readonly ip: string }): GeoFacts {
    return knownLocation(this.#lookup?.(ip) ?? {});
  }

  close(listener: GeoListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#file.stop();
    this.#loading = this.#outage = undefined;
  }

  async #start(): Promise<void> {
    try {
      // As CommonJS the package is the default export, too; not every runtime sees its names beside it.
      const loaded: { Reader?: MmdbReader; default?: object } = await import('maxmind');
      this.#Reader = loaded.Reader ?? (loaded.default as { Reader: MmdbReader }).Reader;
    } catch (error) {
      this.#loading = undefined;
      throw cannotOpen('maxmind', error);
    }
    if (this.#listeners.size > 0) await this.#file.start();
  }

  #receive(bytes: Buffer): void {
    try {
      this.#lookup = mmdbLookup(bytes, this.#Reader!);
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#recover();
  }

  /** Tells the listeners once that the file can not be used, until it can be used again. */
  #fail(cause: unknown): void {
    if (this.#outage !== undefined) return;
    const meanwhile =
      this.#lookup === undefined
        ? 'places are unknown until then'
        : 'what was read of it last stays in force';
    this.#outage = new ConvertError(
      'CONVERT_GEO',
      `geo: ${this.path} can not be used; it is read when it can be, and ${meanwhile}`,
      {
        cause,
        detail: ` (${cause instanceof Error ? cause.message : String(cause)})`,
      },
    );
    for (const listener of this.#listeners) listener.failing(this.#outage);
  }

  #recover(): void {
    if (this.#outage === undefined) return;
    this.#outage = undefined;
    for (const listener of this.#listeners) listener.recovered(`geo: ${this.path} can be used again`);
  }
}
