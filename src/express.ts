/** `convert-middleware/express`: the middleware for Express 4 and 5. */
export { convertMiddleware } from './adapters/express.js';
