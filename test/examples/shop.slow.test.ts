/** A visitor's other ways through the demo shop, in a real browser, and the main one on the other frameworks. */
import { shopSuite } from './shop-suite.js';

shopSuite('express', 'large');
shopSuite('koa', 'small');
shopSuite('fastify', 'small');
