/** A signed preview in a real browser: signed link, page after page, and the way out. */
import { signedPreviewSuite } from './signed-preview-suite.js';

signedPreviewSuite('large');
