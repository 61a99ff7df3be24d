/** `share()` on the framework that `share.test.ts` leaves out: its headers are Node's, as those of Express. */
import { koa3Adapter } from './koa.js';
import { shareConformance } from './share.js';

shareConformance(koa3Adapter, { http2: true });
