/** Makes the variations that decisions return, from those of the project config. */
import type { ExperienceConfig, VariationConfig } from '../model/project-config.js';
import type { VariationMaker } from './plan-types.js';
import type { Variation } from './types.js';

/** The fields of a variation in Convert's configs. */
const FIELDS: readonly string[] = ['id', 'key', 'name', 'status', 'traffic_allocation', 'changes'];

export function variationMaker(experience: ExperienceConfig, variation: VariationConfig): VariationMaker {
  const { id: experienceId, name: experienceName, key: experienceKey } = experience;
  const fields = Object.keys(variation);
  if (fields.length !== FIELDS.length || !FIELDS.every((field) => fields.includes(field))) {
    return (bucketingAllocation) =>
      Object.freeze({
        experienceId,
        experienceName,
        experienceKey,
        bucketingAllocation,
        ...variation,
      }) as Variation;
  }
  const { id, key, name, status, traffic_allocation, changes } = variation;
  // A variation is made for each decision. V8 freezes a literal with fixed fields much faster than a spread object.
  return (bucketingAllocation) =>
    Object.freeze({
      experienceId,
      experienceName,
      experienceKey,
      bucketingAllocation,
      id,
      key,
      name,
      status,
      traffic_allocation,
      changes,
    }) as Variation;
}
