/** A visitor's way through the demo shop, in a real browser, on one framework: who agrees, and who refuses. */
import { shopSuite } from './shop-suite.js';

shopSuite(
  ['express'],
  [
    'shows one variation, counts one exposure and one purchase of one visitor',
    'gives the original page to a visitor who refuses, and counts nothing',
  ],
);
