/** Exposures under load: 1,000 visitors to each framework. */
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { koa3Adapter } from './koa.js';
import { loadSuite } from './load.js';

for (const adapter of [express5Adapter, koa3Adapter, fastify5Adapter]) loadSuite(adapter, 1_000);
