/** Server and browser together: every page, every visitor, and every policy. */
import { hybridSuite } from './hybrid-suite.js';

hybridSuite('large');
