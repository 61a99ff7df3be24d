/** A geo reader over an IP database of an optional package, which is imported once, before requests need it. */
import { asConvertError, ConvertError } from '../../utils/errors.js';
import { plainAddress } from '../ip-address.js';
import { knownLocation } from './geo-location.js';
import type { GeoReader } from './types.js';

/** Looks up an address; null or undefined if it is unknown. Of the result, only the fields of `GeoFacts` are used. */
export type LocationLookup = (ip: string) => object | null | undefined;

export interface GeoDatabase {
  /** The name of the package that must be installed. */
  readonly name: string;
  /** Imports the package. Resolves to the look-up in its database. */
  open(this: void): Promise<LocationLookup>;
}

/**
 * Makes a reader for a database. `load()` rejects with CONVERT_BAD_OPTION if the package is missing or broken, and may
 * be called again. Until `load()` has resolved, the place of every visitor is unknown.
 */
export function geoDatabase({ name, open }: GeoDatabase): GeoReader {
  let lookup: LocationLookup | undefined;
  let loading: Promise<void> | undefined;
  const load = async (): Promise<void> => {
    try {
      lookup = await open();
    } catch (error) {
      loading = undefined;
      throw cannotOpen(name, error);
    }
  };
  return {
    name,
    load: () => (loading ??= load()),
    read: (request) => knownLocation(lookup?.(plainAddress(request.ip)) ?? {}),
  };
}

const NOT_FOUND: ReadonlySet<unknown> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND']);

/** Makes the CONVERT_BAD_OPTION error for an import of the package `name` that failed. */
export function cannotOpen(name: string, error: unknown): ConvertError {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return NOT_FOUND.has(code)
    ? new ConvertError('CONVERT_BAD_OPTION', `geo: ${name} is not installed: npm install ${name}`, {
        cause: error,
      })
    : asConvertError(error, 'CONVERT_BAD_OPTION', `geo: ${name} cannot be loaded`);
}
