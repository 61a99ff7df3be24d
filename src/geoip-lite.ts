/** `geo: geoipLite()`: places from the IP address, by the package geoip-lite. */
import type * as geoip from 'geoip-lite';
import { geoDatabase } from './request/geo-database.js';
import type { GeoReader } from './request/geo.js';

export type { GeoFacts, GeoReader } from './request/geo.js';

/**
 * Needs `npm install geoip-lite` (version 1.4). It is loaded off the request path: 160-195 ms and 143 MB of memory
 * with its own data, 23 ms and 17 MB where the environment variable GEODATADIR names a folder with the country
 * files only. Its `region` is the ISO 3166-2 part, and it knows no continent.
 */
export function geoipLite(): GeoReader {
  return geoDatabase({
    name: 'geoip-lite',
    async open() {
      const loaded: Imported = await import('geoip-lite');
      // As CommonJS the package is the default export; where a bundler made `require` of this, it is the module.
      const { lookup } = 'default' in loaded ? loaded.default : loaded;
      return lookup;
    },
  });
}

type Imported = typeof geoip | { default: typeof geoip };
