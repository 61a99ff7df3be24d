/** A page that a real browser prefetches counts as a visit, once. */
import { prefetchSuite } from './prefetch-suite.js';

prefetchSuite('small');
