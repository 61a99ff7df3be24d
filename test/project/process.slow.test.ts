/** A process with a project config may end: the other cases. */
import { projectProcessSuite } from './process-suite.js';

projectProcessSuite('large');
