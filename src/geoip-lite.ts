/** `convert-middleware/geoip-lite`: places from the IP address, by the package geoip-lite. */
export { geoipLite, type GeoipLiteOptions } from './integrations/geoip-lite/geoip-lite.js';
export type { GeoFacts } from './request/geo/geo.js';
export type { GeoListener, GeoReader } from './request/geo/types.js';
export type * from './convert/public-types.js';
