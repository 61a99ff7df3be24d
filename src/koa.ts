/** `convert-middleware/koa`: the middleware for Koa 2 and 3. */
export { convertMiddleware, type ConvertMiddleware, route, type RouteMiddleware } from './adapters/koa.js';
export type { MountOptions } from './adapters/shared/context-property.js';
export type { RouteOptions } from './adapters/shared/routes.js';
export type * from './convert/public-types.js';
