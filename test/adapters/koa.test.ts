/** Koa: what holds for the major before has its small case here, and all of it in the slow tier. */
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance } from './conformance.js';
import { koa2Adapter, koa3Adapter } from './koa.js';
import { participationConformance } from './participation.js';
import { previewConformance } from './preview.js';
import { sessionConformance } from './session.js';

adapterConformance(koa3Adapter, { http2: true });

assignmentCookieConformance(koa3Adapter);

participationConformance(koa3Adapter);

previewConformance(koa3Adapter);

sessionConformance(koa3Adapter);
sessionConformance(koa2Adapter);
