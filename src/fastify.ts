/** `convert-middleware/fastify`: the plugin for Fastify 5. */
export { convertPlugin, type ConvertPluginOptions, route } from './adapters/fastify.js';
export type { MountOptions } from './adapters/shared/context-property.js';
export type { RouteOptions } from './adapters/shared/routes.js';
export type * from './convert/public-types.js';
