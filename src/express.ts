/** `convert-middleware/express`: the middleware for Express 4 and 5. */
export {
  convertMiddleware,
  type ConvertMiddleware,
  route,
  type RouteMiddleware,
} from './adapters/express.js';
export type { MountOptions } from './adapters/shared/context-property.js';
export type { RouteOptions } from './adapters/shared/routes.js';
export type * from './convert/public-types.js';
