/** The files that guides end in, all that the fast tier does not run, and the whole apps among the blocks of code. */
import { appsSuite } from './apps-suite.js';
import { guidesSuite } from './guides-suite.js';

guidesSuite('slow');
appsSuite();
