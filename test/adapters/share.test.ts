/** `share()` on two frameworks: one whose headers are Node's, and one that keeps its own. */
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { shareConformance } from './share.js';

shareConformance(express5Adapter, { http2: false });
shareConformance(fastify5Adapter, { http2: true });
