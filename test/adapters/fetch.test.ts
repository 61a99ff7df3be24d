/** `convert-middleware/fetch`: sessions, as on the other adapters. The slow tier has the other suites. */
import { fetchAdapter } from './fetch.js';
import { sessionConformance } from './session.js';

sessionConformance(fetchAdapter);
