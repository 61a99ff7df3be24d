/** The endpoint, a page and the official SDK assign alike: a thousand visitors. */
import { sameVariants } from './same-variants-suite.js';

sameVariants(1_000);
