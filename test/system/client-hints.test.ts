/** Client hints of a real browser that is asked for them. */
import { clientHintsSuite } from './client-hints-suite.js';

clientHintsSuite('small');
