/** `convert-middleware/maxmind`: places from the IP address, by a MaxMind DB file. */
export { maxmind, type MaxmindOptions } from './geo/maxmind.js';
export type { GeoFacts, GeoListener, GeoReader } from './request/geo.js';
