/** The order webhook of the demo shop on the other frameworks. */
import { webhookSuite } from './webhook-suite.js';

webhookSuite(['koa', 'fastify']);
