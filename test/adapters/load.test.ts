/** Exposures under load, in a small case: one framework, one of the collector's days, and 500 visitors. */
import { express5Adapter } from './express.js';
import { loadSuite } from './load.js';

loadSuite(express5Adapter, 500, 1);
