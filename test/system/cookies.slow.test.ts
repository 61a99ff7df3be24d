/** Cookies as a real browser keeps them, sends them, and refuses them. */
import { cookiesSuite } from './cookies-suite.js';

cookiesSuite('large');
