/** The other examples of template engines, and of React: booted, and shown hostile names in a real browser. */
import { templatesSuite } from './templates-suite.js';

templatesSuite('large');
