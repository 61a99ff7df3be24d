/** The apps that `init` writes for the other frameworks. */
import { initSuite } from './init-suite.js';

initSuite(['koa', 'fastify']);
