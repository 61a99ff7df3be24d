/** `convert-middleware/geoip-lite`: places from the IP address, by the package geoip-lite. */
export { geoipLite, type GeoipLiteOptions } from './geo/geoip-lite.js';
export type { GeoFacts } from './request/geo.js';
export type { GeoListener, GeoReader } from './request/geo/types.js';
