/** `convert-middleware/maxmind`: places from the IP address, by a MaxMind DB file. */
export { maxmind, type MaxmindOptions } from './integrations/maxmind/maxmind.js';
export type { GeoFacts } from './request/geo/geo.js';
export type { GeoListener, GeoReader } from './request/geo/types.js';
export type * from './convert/public-types.js';
