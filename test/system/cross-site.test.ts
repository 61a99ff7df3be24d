/** A link from another site, as a real browser follows it. */
import { crossSiteSuite } from './cross-site-suite.js';

crossSiteSuite('small');
