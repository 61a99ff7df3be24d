/** Writes the decision on one experiment as the endpoint answers it. */
import type { Reason, VisitorContext } from '../context/types.js';
import type { ExperienceAttributes, Variation } from '../engine/types.js';
import type { Standing } from '../model/project-config.js';
import { ownValue } from '../utils/objects.js';

/** The decision on one experiment: a variation, none, or the reason why nothing was decided. */
export type Assignment = Assigned | 'not-in-experiment' | NoAssignment;

/** No answer of the experiment: it is unknown or does not run, or nothing can be decided now. */
export type NoAssignment = 'not-running' | 'not-ready' | 'state-unavailable' | 'failed';

export interface Assigned {
  readonly in_experiment: true;
  readonly experiment_id: string;
  readonly experiment_key: string;
  readonly experiment_name?: string | undefined;
  readonly variant_id: string;
  readonly variant_name?: string | undefined;
  readonly is_control: boolean;
  readonly type: ExperimentType;
  readonly redirect?: string | undefined;
}

type ExperimentType = 'ab' | 'multivariate' | 'personalization';

/** Convert's types of experiences that are no A/B tests. */
const TYPES: Readonly<Record<string, ExperimentType>> = { mvt: 'multivariate', deploy: 'personalization' };

/** The answers for experiments that do not run. They are the same for all visitors. */
const STANDING: Readonly<Partial<Record<Standing, Assignment>>> = {
  'not-running': 'not-running',
  paused: 'not-in-experiment',
};

/** The reasons for which nothing was decided. With all other reasons, the visitor is not in the experiment. */
const WITHOUT: Readonly<Partial<Record<Reason, NoAssignment>>> = {
  'not-ready': 'not-ready',
  'state-unavailable': 'state-unavailable',
  disabled: 'failed',
};

/**
 * Decides one experiment for the visitor; with `enrol`, the first decision is stored, and its exposure sent. The engine
 * is not asked about what does not run: it would decide experiences of any status, as the official SDK does.
 *
 * @param standing of the experiment; undefined without a project config
 */
export function assign(
  visitor: VisitorContext,
  standing: Standing | undefined,
  key: string,
  attributes: ExperienceAttributes,
  enrol: boolean,
): Assignment {
  const without = standing && STANDING[standing];
  if (without !== undefined) return without;
  const variation = enrol ? visitor.runExperience(key, attributes) : visitor.peek(key, attributes);
  if (variation !== null) return assigned(visitor, variation);
  return WITHOUT[visitor.explain(key, attributes).reason] ?? 'not-in-experiment';
}

/** The fields of an experience that the answer needs. */
interface Experience {
  readonly type?: unknown;
  readonly variations?: readonly { readonly id: string }[];
}

function assigned(visitor: VisitorContext, variation: Variation): Assigned {
  const { experienceId, experienceKey, experienceName, id, key, name } = variation;
  const experience = visitor.getConfigEntityById(experienceId, 'experience');
  const { type, variations = [] } = (experience ?? {}) as Experience;
  return {
    in_experiment: true,
    experiment_id: experienceId,
    experiment_key: experienceKey,
    experiment_name: experienceName,
    variant_id: id,
    variant_name: name ?? key,
    // The config does not mark the original: it is the first variation, as Convert makes it with the experience.
    is_control: String(variations[0]?.id) === id,
    type: ownValue(TYPES, String(type)) ?? 'ab',
    redirect: redirectOf(variation),
  };
}

/** Where a variation of a split-URL experience leads; undefined if that depends on matches in the original URL. */
function redirectOf({ changes = [] }: Variation): string | undefined {
  const change = changes.find(({ type }) => type === 'defaultRedirect');
  const { variation_pattern: to } = (change?.data ?? {}) as { readonly variation_pattern?: unknown };
  return typeof to === 'string' && REDIRECT.test(to) ? to : undefined;
}

/** An absolute https URL, or a path on the same site; `$1` stands for a match. */
const REDIRECT = /^(?:https:\/\/[^\s$\\]+|\/(?![/\\])[^\s$\\]*)$/i;
