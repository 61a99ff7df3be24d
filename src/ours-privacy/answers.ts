/** Reads the answers of the endpoint. What is malformed in them is no answer, and texts are bounded. */
import { isPlainObject } from '../utils/objects.js';
import type { OursAssignment, OursPersonalization, OursReason } from './types.js';

/** The most characters of an id, a key or a name. */
const MAX_TEXT = 256;
const MAX_URL = 2_048;
const MAX_PERSONALIZATIONS = 1_000;

/** What the visitor gets if they are not in the experiment, or nobody can say whether they are. */
export const defaultFor = (experimentKey: string): OursAssignment => ({
  inExperiment: false,
  experimentKey,
  experimentId: undefined,
  variantId: undefined,
  variantName: undefined,
  isControl: undefined,
  type: undefined,
  redirect: undefined,
});

export interface ReadAssignment {
  readonly reason: OursReason;
  readonly assignment: OursAssignment;
}

/** Returns undefined if the body is not what the endpoint promises. */
export function readAssignment(experimentKey: string, body: unknown): ReadAssignment | undefined {
  if (!isPlainObject(body) || body.success === false) return undefined;
  if (body.in_experiment === false)
    return { reason: 'not-in-experiment', assignment: defaultFor(experimentKey) };
  const [experimentId, variantId] = [textOf(body.experiment_id), textOf(body.variant_id)];
  if (body.in_experiment !== true || experimentId === undefined || variantId === undefined) return undefined;
  return {
    reason: 'assigned',
    assignment: {
      inExperiment: true,
      experimentKey,
      experimentId,
      variantId,
      variantName: textOf(body.variant_name),
      isControl: typeof body.is_control === 'boolean' ? body.is_control : undefined,
      type: textOf(body.type),
      redirect: redirectOf(body.redirect),
    },
  };
}

/** Returns undefined if the body is not what the endpoint promises. */
export function readPersonalizations(body: unknown): readonly OursPersonalization[] | undefined {
  if (!isPlainObject(body) || body.success === false || !Array.isArray(body.personalizations))
    return undefined;
  return body.personalizations.slice(0, MAX_PERSONALIZATIONS).flatMap((each: unknown) => {
    if (!isPlainObject(each)) return [];
    const [experimentId, variantId] = [textOf(each.experiment_id), textOf(each.variant_id)];
    if (experimentId === undefined || variantId === undefined) return [];
    return {
      experimentId,
      experimentKey: textOf(each.experiment_key),
      experimentName: textOf(each.experiment_name),
      variantId,
      variantName: textOf(each.variant_name),
      assignedAt: textOf(each.assigned_at),
    };
  });
}

/** Returns undefined if the body is not what the endpoint promises. */
export const readTracked = (body: unknown): true | undefined =>
  isPlainObject(body) && body.success === true ? true : undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= MAX_TEXT ? value : undefined;

/** A path that begins with two slashes would name another host, and so would one with a backslash in browsers. */
function redirectOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_URL) return undefined;
  return /^(?:\/(?![/\\])|https:\/\/[^/])[\x21-\x7e]*$/.test(value) ? value : undefined;
}
