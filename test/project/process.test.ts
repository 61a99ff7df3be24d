/** A process with a project config may end: the main cases. */
import { projectProcessSuite } from './process-suite.js';

projectProcessSuite('small');
