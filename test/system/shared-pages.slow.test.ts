/** Pages that are shared per variation, behind nginx and Varnish: no visitor gets another page, whoever lies. */
import { sharedPagesSuite } from './shared-pages-suite.js';

sharedPagesSuite('large');
