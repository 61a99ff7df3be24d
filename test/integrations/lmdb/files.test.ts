/** Visitor state in LMDB on disks that are full, read-only, or hold something else: the slow tier has more of them. */
import { transpiledSources } from '../../support/transpiled.js';
import { filesSuite } from './files-suite.js';

filesSuite(transpiledSources(), [
  'rejects what a disk has no room for, goes on to read, and to write once there is room',
  'is not brought down by a disk that is read-only, and opened once that is over',
  'is not brought down by noise in the place of the database, and opened once that is over',
  'takes any name of a folder',
  'costs a visitor nothing, and Convert no event, while it can not be opened',
]);
