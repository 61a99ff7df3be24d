/** Client hints as a real browser sends them: by itself, and when it is asked. */
import { clientHintsSuite } from './client-hints-suite.js';

clientHintsSuite('large');
