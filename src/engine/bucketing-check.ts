/** Checks the settings that decide which visitor gets which variation. */
import { between, type Check, flag, shape } from '../utils/option-checks.js';

export const bucketingCheck: Check = shape({
  excludeExperienceIdHash: flag,
  hash_seed: between(1, 2 ** 32 - 1, 'the seed'),
  max_traffic: between(1, 10_000_000, 'positions'),
});
