/** The floor with the hash that the official SDK has in its bundle. */
import murmurhash from 'murmurhash';
import { hashing } from '../engine/hashing.js';

export const start = (experiments) => hashing(murmurhash.v3, experiments);
