/** Express in the major before. */
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance } from './conformance.js';
import { express4Adapter } from './express.js';
import { participationConformance } from './participation.js';
import { shareConformance } from './share.js';

// Express has no HTTP/2 of its own: its request and response extend those of HTTP/1.
adapterConformance(express4Adapter, { http2: false });
assignmentCookieConformance(express4Adapter);
participationConformance(express4Adapter);
shareConformance(express4Adapter, { http2: false });
