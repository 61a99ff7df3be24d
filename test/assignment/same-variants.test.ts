/** The endpoint, a page and the official SDK assign alike: a few visitors. */
import { sameVariants } from './same-variants-suite.js';

sameVariants(50);
