/** `convert-middleware/fastify`: the plugin for Fastify 5. */
export { convertPlugin, type ConvertPluginOptions } from './adapters/fastify.js';
export type * from './convert/public-types.js';
