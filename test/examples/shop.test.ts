/** A visitor's way through the demo shop, in a real browser, on one framework. */
import { shopSuite } from './shop-suite.js';

shopSuite(['express']);
