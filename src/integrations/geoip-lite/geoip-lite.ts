/** Places from the IP address, by the package geoip-lite or by its country files alone. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type * as geoip from 'geoip-lite';
import { geoDatabase, type LocationLookup } from '../../request/geo/geo-database.js';
import type { GeoReader } from '../../request/geo/types.js';
import { assertOptions, oneOf, shape } from '../../utils/option-checks.js';
import { countryLookup } from './country-files.js';

export interface GeoipLiteOptions {
  /**
   * `country` reads the package's two country files and loads nothing else of it: 14 MB of memory instead of 143 MB.
   * Default: all that it knows.
   */
  only?: 'country';
}

const check = shape({ only: oneOf('country') });

/**
 * Needs `npm install geoip-lite` (version 1.4). It is loaded off the request path. With all data that takes 143 MB of memory
 * and holds the event loop for 160-195 ms, once; the `region` is the ISO 3166-2 part, and no continent is known. With
 * `{ only: 'country' }` it takes 14 MB and holds up nothing. Readers of both kinds may stand side by side.
 *
 * The data are those of the package, or of the folder that `GEODATADIR` names, where the package's updater may have written
 * newer ones; they are read once.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function geoipLite(options: GeoipLiteOptions = {}): GeoReader {
  assertOptions(check, options);
  return geoDatabase({ name: 'geoip-lite', open: options.only === 'country' ? openCountries : openAll });
}

async function openAll(): Promise<LocationLookup> {
  const loaded: Imported = await import('geoip-lite');
  // As CommonJS the package is the default export; where a bundler made `require` of this, it is the module.
  const { lookup } = 'default' in loaded ? loaded.default : loaded;
  return lookup;
}

type Imported = typeof geoip | { default: typeof geoip };

/**
 * Without the package's code: it reads its files in the moment it is loaded, which files is a matter of global state, and what
 * it has loaded is the same for all who load it. Of an IPv6 address it looks at half, and there are ranges within.
 */
async function openCountries(): Promise<LocationLookup> {
  const folder = dataFolder(createRequire(import.meta.url).resolve('geoip-lite'));
  const [v4, v6] = await Promise.all(
    ['geoip-country.dat', 'geoip-country6.dat'].map((name) => readFile(join(folder, name))),
  );
  return countryLookup(v4!, v6!);
}

/** As the package finds it. */
function dataFolder(main: string): string {
  const { geodatadir } = globalThis as { geodatadir?: string };
  return resolve(dirname(main), geodatadir || process.env.GEODATADIR || '../data');
}
