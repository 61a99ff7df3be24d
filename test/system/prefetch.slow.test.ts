/** A page that a real browser renders ahead of time counts as a visit, once. */
import { prefetchSuite } from './prefetch-suite.js';

prefetchSuite('large');
