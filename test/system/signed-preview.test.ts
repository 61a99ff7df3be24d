/** A signed preview in a real browser, in one case: before consent. */
import { signedPreviewSuite } from './signed-preview-suite.js';

signedPreviewSuite('small');
