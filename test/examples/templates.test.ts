/** The examples of template engines: those of Express are booted, and EJS is shown hostile names in a real browser. */
import { templatesSuite } from './templates-suite.js';

templatesSuite('small');
