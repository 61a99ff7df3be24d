/** The spool under processes that are killed by the dozen, and that bring tens of thousands of events. */
import { transpiledSources } from '../../support/transpiled.js';
import { processLoad } from '../process-faults.js';
import { freshSpool, hasWhatWasAccepted } from './spool-process.js';

const source = transpiledSources();

processLoad('a spool', source, freshSpool);
hasWhatWasAccepted(source, 40_000);
