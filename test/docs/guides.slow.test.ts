/** The files that guides end in: all that the fast tier does not run. */
import { guidesSuite } from './guides-suite.js';

guidesSuite('slow');
