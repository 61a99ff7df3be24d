/** A visitor's ways through the demo shop, in a real browser: all on one framework, the main ones on the others. */
import { shopSuite } from './shop-suite.js';

shopSuite(['express']);
shopSuite(
  ['koa', 'fastify'],
  [
    'shows one variation, counts one exposure and one purchase of one visitor',
    'gives the original page to a visitor who refuses, and counts nothing',
  ],
);
