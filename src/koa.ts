/** `convert-middleware/koa`: the middleware for Koa 2 and 3. */
export { convertMiddleware, type ConvertMiddleware } from './adapters/koa.js';
export type * from './convert/public-types.js';
