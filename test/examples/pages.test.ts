/** Pages of the demo shop that need no browser, on one framework. */
import { pagesSuite } from './pages-suite.js';

pagesSuite(['express']);
