/** A cookie as a real browser keeps it and sends it, in one case. */
import { cookiesSuite } from './cookies-suite.js';

cookiesSuite('small');
