/** Hashes `experienceId + visitorId` with the SDK's seed, and splits in half by that as the SDK does. */
import { VARIATIONS } from './experiments.js';

const SEED = 9999;
/** Of a text with a character of two bytes. */
const KNOWN = { text: '1001é', hash: 1380660975 };

export function hashing(hash, experiments) {
  const ids = experiments.map(({ id }) => String(id));
  if (hash(KNOWN.text, SEED) !== KNOWN.hash) throw new Error('this is not the hash of the SDK');
  return {
    all: (visitorId) => ids.map((id) => hash(id + visitorId, SEED)),
    one: (visitorId, { id }) => hash(id + visitorId, SEED),
    variationOf: (value) => VARIATIONS[value < 2 ** 31 ? 0 : 1],
  };
}
