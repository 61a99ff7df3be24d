/** Requests that a page of another site makes, as a real browser sends them. */
import { crossSiteSuite } from './cross-site-suite.js';

crossSiteSuite('large');
