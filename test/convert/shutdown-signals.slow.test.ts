/** What `shutdown: 'signals'` does to a process, whatever it does beside. */
import { signalSuite } from './signal-suite.js';

signalSuite('large');
