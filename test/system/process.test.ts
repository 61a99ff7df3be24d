/** What the built package does to the process that it runs in: the main cases. */
import { processSuite } from './process-suite.js';

processSuite('small');
