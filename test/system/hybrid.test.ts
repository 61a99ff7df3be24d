/** Server and browser together, in one case: a conversion in the browser is of the visitor of the server. */
import { hybridSuite } from './hybrid-suite.js';

hybridSuite('small');
