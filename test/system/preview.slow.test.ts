/** Preview links as a person follows them, in a real browser. */
import { previewSuite } from './preview-suite.js';

previewSuite('large');
