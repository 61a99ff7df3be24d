/** The main entry of the package: everything that does not belong to one framework or one integration. */
export { createConvert } from './convert/convert.js';
export { ConvertError } from './utils/errors.js';
export { NodeOutgoingResponse, type NodeResponse } from './adapters/node-response/node-response.js';
export { memoryStore } from './store/memory-store.js';
export type * from './convert/public-types.js';
