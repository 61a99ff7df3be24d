/** Exposures under load: 1,000 visitors to each framework, and all of the collector's days on one of them. */
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { koa3Adapter } from './koa.js';
import { loadSuite } from './load.js';

loadSuite(express5Adapter, 1_000);
for (const adapter of [koa3Adapter, fastify5Adapter]) loadSuite(adapter, 1_000, 1);
