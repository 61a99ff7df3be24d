/**
 * What `shutdown: 'signals'` does to a process, in some cases: what waits is delivered, and the signal ends it as ever.
 */
import { signalSuite } from './signal-suite.js';

signalSuite('small');
