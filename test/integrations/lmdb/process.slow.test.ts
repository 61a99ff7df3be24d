/**
 * Visitor state in LMDB under processes that are killed again and again, and that leave tens of thousands of visitors
 * behind.
 */
import { transpiledSources } from '../../support/transpiled.js';
import { lmdbLoad } from './process-kit.js';

lmdbLoad(transpiledSources(), 10, 20);
