/** Finds the location of an IP address with the package geoip-lite, or with its country files alone. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type * as geoip from 'geoip-lite';
import { geoDatabase, type LocationLookup } from '../../request/geo/geo-database.js';
import type { GeoReader } from '../../request/geo/types.js';
import { withInstalled } from '../../utils/node/app-require.js';
import { assertOptions, oneOf, shape } from '../../utils/option-checks.js';
import { countryLookup } from './country-files.js';
import { asObject } from '../../utils/objects.js';

export interface GeoipLiteOptions {
  /**
   * With `country`, only the two country files of the package are read, and no code of it is loaded, which takes far
   * less memory. Default: all data of the package.
   */
  only?: 'country';
}

const check = shape({ only: oneOf('country') });

/**
 * Makes a geo reader over the package geoip-lite 1.4, which the app has to install. The package is loaded before
 * requests need it. With all data it takes much memory and blocks the event loop once, while it is loaded; the `region`
 * is the ISO 3166-2 part, and no continent is known. With `{ only: 'country' }` it takes little memory and does not
 * block. Readers of both kinds may be used in one process.
 *
 * The data are those of the package, or of the folder that `GEODATADIR` names, where the package's updater may have
 * written newer ones; they are read once.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function geoipLite(options: GeoipLiteOptions = {}): GeoReader {
  assertOptions(check, options);
  return geoDatabase({
    name: 'geoip-lite',
    open: asObject(options).only === 'country' ? openCountries : openAll,
  });
}

async function openAll(): Promise<LocationLookup> {
  const loaded: Imported = await import('geoip-lite');
  // The package is CommonJS: it is the default export of the module, or the module itself if a bundler made `require`
  // of the import.
  const { lookup } = 'default' in loaded ? loaded.default : loaded;
  return lookup;
}

type Imported = typeof geoip | { default: typeof geoip };

/**
 * Reads the country files without the code of the package. That code reads its files when it is loaded, picks them by
 * global state, and has one state for the whole process. It also looks at half of an IPv6 address only, and there are
 * ranges within such a half.
 */
async function openCountries(): Promise<LocationLookup> {
  const main = withInstalled(
    'geoip-lite',
    "geoipLite({ only: 'country' }) needs the package geoip-lite 1.4",
    (require) => require.resolve('geoip-lite'),
  );
  const folder = dataFolder(main);
  const [v4, v6] = await Promise.all(
    ['geoip-country.dat', 'geoip-country6.dat'].map((name) => readFile(join(folder, name))),
  );
  return countryLookup(v4!, v6!);
}

/** The folder where the package looks for its data. */
function dataFolder(main: string): string {
  const { geodatadir } = globalThis as { geodatadir?: string };
  return resolve(dirname(main), geodatadir || process.env.GEODATADIR || '../data');
}
