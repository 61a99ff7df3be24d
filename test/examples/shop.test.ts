/** A visitor's way through the demo shop, in a real browser, on one framework: from the first page to the purchase. */
import { shopSuite } from './shop-suite.js';

shopSuite('express', 'small');
