/** Reads and copies results of the official SDK, and puts them into the shapes of an engine. */
import { deepFreeze } from '../../engine/coerce.js';
import { enrolment, NO_EVENTS } from '../../engine/evaluation/enrolment.js';
import type { Decision, EngineReason, ExperienceAttributes, Feature, Variation } from '../../engine/types.js';
import type { ExperienceConfig, VariationConfig } from '../../model/project-config.js';
import type { VisitorState } from '../../model/visitor-state/types.js';
import { ownValue } from '../../utils/objects.js';
import type { SdkState } from './sdk-instance.js';

export type SdkVariation = Omit<Variation, 'changes'> & { changes?: readonly object[] };

/** `BucketingError.VARIAION_NOT_DECIDED` of the SDK. */
export const NOT_DECIDED = 'convert.com_variation_not_decided';

export function isVariation(result: unknown): result is SdkVariation {
  return typeof result === 'object' && result !== null && 'experienceId' in result && 'id' in result;
}

export function isFeature(result: unknown): result is Feature {
  return typeof result === 'object' && result !== null && 'status' in result;
}

/** Returns a variation in the shape in which the SDK returns a variation that it read from the state. */
export function asBucketed({ id, name, key }: ExperienceConfig, variation: VariationConfig): SdkVariation {
  return { experienceId: id, experienceName: name, experienceKey: key, ...variation };
}

/**
 * Gives out variations that hold no references into the SDK's config. Each variation is copied once, not for each
 * decision.
 */
export class FrozenVariations {
  /** Experience id -> variation id -> a frozen copy of the variation in the config. */
  readonly #copies = new Map<string, Map<string, SdkVariation>>();

  get(result: SdkVariation): Variation {
    const { experienceId, experienceName, experienceKey, bucketingAllocation, ...config } = result;
    let ofExperience = this.#copies.get(experienceId);
    if (!ofExperience) {
      ofExperience = new Map<string, SdkVariation>();
      this.#copies.set(experienceId, ofExperience);
    }
    let copy = ofExperience.get(config.id);
    if (copy === undefined) {
      copy = deepFreeze(structuredClone(config)) as SdkVariation;
      ofExperience.set(config.id, copy);
    }
    return Object.freeze({
      ...copy,
      experienceId,
      experienceName,
      experienceKey,
      bucketingAllocation,
    }) as Variation;
  }
}

/** The SDK's decision on one experience, with the visitor's state before and after it. */
export interface SdkDecision {
  readonly experience: ExperienceConfig;
  readonly variation: Variation | null;
  /** True if the SDK says that the visitor is not in the traffic of the experience. */
  readonly noTraffic: boolean;
  readonly before: Readonly<VisitorState>;
  readonly after: SdkState;
}

/**
 * Returns the decision with its change of the state and its exposure. Both are worked out from the states before and
 * after the call.
 */
export function decisionOf(
  { experience, variation, noTraffic, before, after }: SdkDecision,
  attributes: ExperienceAttributes,
  strict: boolean,
): Decision {
  const id = String(experience.id);
  const stored = ownValue(before.bucketing, id);
  const now = ownValue(after.bucketing, id);
  // The SDK stores and exposes a variation id even if it can't find that variation again. The visitor gets the original
  // then, and no variation is stored here.
  const isNew = variation !== null && now !== undefined && now !== stored;
  const { change, events } =
    variation === null
      ? { change: undefined, events: NO_EVENTS }
      : enrolment(
          { experienceId: id, variationId: String(isNew ? now : variation.id), stored, isNew },
          before,
          attributes,
          strict,
        );
  const { locations } = after;
  const hasMoved =
    attributes.enableStorage !== false && locations !== undefined && !sameList(locations, before.locations);
  return {
    experienceKey: String(experience.key),
    variation,
    reason: reasonOf(variation, isNew, attributes.forceVariationId, noTraffic),
    change: hasMoved ? { ...change, locations } : change,
    events,
  };
}

function reasonOf(
  variation: Variation | null,
  isNew: boolean,
  forced: string | undefined,
  noTraffic: boolean,
): EngineReason {
  if (!variation) return noTraffic ? 'traffic' : 'not-decided';
  if (forced !== undefined && String(variation.id) === String(forced)) return 'forced';
  return isNew ? 'bucketed' : 'sticky';
}

export function segmentsOf({ segments }: SdkState): readonly string[] {
  const list = segments?.customSegments;
  return Array.isArray(list) ? (list as string[]) : [];
}

export function sameList(a: readonly string[], b: readonly string[] | undefined): boolean {
  return a.length === (b?.length ?? 0) && a.every((each, index) => each === b?.[index]);
}
