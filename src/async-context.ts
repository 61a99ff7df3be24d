/** `convert-middleware/async-context`: the context of a request without the request at hand. */
export { getConvert } from './adapters/async-context.js';
export type * from './convert/public-types.js';
