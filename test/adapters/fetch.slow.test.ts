/** The suites of the adapters, over `convert-middleware/fetch`. */
import { assignmentCookieConformance } from './assignment-cookie.js';
import { adapterConformance } from './conformance.js';
import { fetchAdapter } from './fetch.js';
import { previewConformance } from './preview.js';

adapterConformance(fetchAdapter, { http2: false });

assignmentCookieConformance(fetchAdapter);

previewConformance(fetchAdapter);
