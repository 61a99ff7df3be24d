/** The consent platforms under a hundred thousand cookies that are changed at random. */
import { describe } from 'vitest';
import { mutatedStrings } from './mutated-strings.js';

describe('any of these strings, changed in any way', () => mutatedStrings(100_000));
