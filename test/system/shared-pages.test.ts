/** Pages that are shared per variation, behind a real nginx that is set up as the docs say: the page of a variation. */
import { sharedPagesSuite } from './shared-pages-suite.js';

sharedPagesSuite('small');
