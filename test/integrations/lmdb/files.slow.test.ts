/** Visitor state in LMDB on every disk that is full, read-only, or holds something else. */
import { transpiledSources } from '../../support/transpiled.js';
import { filesSuite } from './files-suite.js';

filesSuite(transpiledSources(), 'large');
