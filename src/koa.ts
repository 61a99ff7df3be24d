/** `convert-middleware/koa`: the middleware for Koa 2 and 3. */
export { convertMiddleware } from './adapters/koa.js';
