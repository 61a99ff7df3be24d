/** Pages of the demo shop that need no browser, on the other frameworks. */
import { pagesSuite } from './pages-suite.js';

pagesSuite(['koa', 'fastify']);
