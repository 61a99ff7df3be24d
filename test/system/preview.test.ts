/** A preview link in a real browser, in one case: before consent. */
import { previewSuite } from './preview-suite.js';

previewSuite('small');
