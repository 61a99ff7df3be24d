/** Processes whose server closes: on Koa, and where the framework ends the process then. */
import { serverEndSuite } from './server-end-suite.js';

serverEndSuite('large');
