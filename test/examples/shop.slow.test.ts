/** A visitor's ways through the demo shop, in a real browser, on each framework. */
import { FRAMEWORKS } from './shop.js';
import { shopSuite } from './shop-suite.js';

shopSuite(FRAMEWORKS);
