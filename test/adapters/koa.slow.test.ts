/** Koa in the major before. */
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance } from './conformance.js';
import { koa2Adapter } from './koa.js';
import { participationConformance } from './participation.js';

adapterConformance(koa2Adapter, { http2: true });
assignmentCookieConformance(koa2Adapter);
participationConformance(koa2Adapter);
