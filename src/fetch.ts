/** `convert-middleware/fetch`: for hosts that hand out a `Request` and take a `Response`, such as Workers. */
export { createConvert, type FetchConvert, type OpenRequest } from './fetch/convert.js';
export { openMounted } from './fetch/mounted.js';
export { route, type FetchRoute } from './fetch/route.js';
export { withConvert, type ConvertHandler, type FetchHandler } from './fetch/with-convert.js';
export type { KeyValueStore } from './fetch/key-value-cache.js';
export type { FetchOptions } from './fetch/options.js';
export type { FetchCall, FetchRequest } from './fetch/request.js';
export type { Mountable } from './model/mountable.js';
export type { RouteOptions } from './convert/route.js';
export { ConvertError } from './utils/errors.js';
export { memoryStore } from './store/memory-store.js';
export type * from './convert/public-types.js';
