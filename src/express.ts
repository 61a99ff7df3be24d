/** `convert-middleware/express`: the middleware for Express 4 and 5. */
export { convertMiddleware, type ConvertMiddleware } from './adapters/express.js';
export type * from './convert/public-types.js';
