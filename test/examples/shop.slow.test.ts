/** A visitor's way through the demo shop, in a real browser, on the other frameworks. */
import { shopSuite } from './shop-suite.js';

shopSuite(['koa', 'fastify']);
