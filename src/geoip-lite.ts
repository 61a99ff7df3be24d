/** `convert-middleware/geoip-lite`: places from the IP address, by the package geoip-lite. */
export { geoipLite, type GeoipLiteOptions } from './geo/geoip-lite.js';
export type { GeoFacts, GeoListener, GeoReader } from './request/geo.js';
