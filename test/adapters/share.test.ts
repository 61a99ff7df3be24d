/** `share()` over all frameworks. */
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { koa3Adapter } from './koa.js';
import { shareConformance } from './share.js';

shareConformance(express5Adapter, { http2: false });
shareConformance(koa3Adapter, { http2: true });
shareConformance(fastify5Adapter, { http2: true });
