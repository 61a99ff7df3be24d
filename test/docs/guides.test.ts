/** The files that guides end in: two of them. */
import { guidesSuite } from './guides-suite.js';

guidesSuite('fast');
