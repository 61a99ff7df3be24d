/** Makes the change and the exposure that a decision leaves behind when a visitor is given a variation. */
import { experienceClaim, exposureClaim } from '../../model/visitor-state/claims.js';
import type { StateChange, VisitorState } from '../../model/visitor-state/types.js';
import type { EngineEvent, ExperienceAttributes } from '../types.js';

export interface Assignment {
  readonly experienceId: string;
  readonly variationId: string;
  /** The id of the variation that the visitor's state has for this experience; undefined if the state has none. */
  readonly stored: string | undefined;
  /** True if the visitor's state does not have this variation for this experience. */
  readonly isNew: boolean;
}

export interface Enrolment {
  readonly change: StateChange | undefined;
  readonly events: readonly EngineEvent[];
}

export const NO_EVENTS: readonly EngineEvent[] = Object.freeze([]);

const NOTHING: Enrolment = Object.freeze({ change: undefined, events: NO_EVENTS });

/**
 * Makes the enrolment of an assignment. The exposure is sent once, with the first tracked decision. A decision with
 * `enableTracking: false` sends no exposure; the next tracked decision sends it. A decision with `enableStorage: false`
 * leaves nothing behind.
 *
 * @param strict true if, as in the official SDK, an exposure that was left out is never sent later
 * @param first the result of `firstEnrolment` for this assignment, if there is one
 */
export function enrolment(
  assignment: Assignment,
  state: Readonly<VisitorState>,
  attributes: ExperienceAttributes,
  strict: boolean,
  first?: Enrolment,
): Enrolment {
  if (attributes.enableStorage === false) return NOTHING;
  const { experienceId, variationId, stored, isNew } = assignment;
  const tracked = attributes.enableTracking !== false;
  if (!isNew) {
    const isOwed =
      tracked && !strict && state.unexposed !== undefined && state.unexposed.includes(experienceId);
    if (!isOwed) return NOTHING;
    return {
      change: { exposed: [experienceId] },
      events: [exposure(experienceId, variationId, exposureClaim(experienceId))],
    };
  }
  // Properties are stored only if the app asks for it, since properties of a request should not outlive the request.
  // The SDK stores all properties that it gets.
  const segments = attributes.updateVisitorProperties ? attributes.visitorProperties : undefined;
  if (first !== undefined && stored === undefined && tracked && segments === undefined) return first;
  const claim = { variationId, replaces: stored, exposed: tracked || strict };
  return {
    change: { claims: { [experienceId]: claim }, ...(segments && { segments }) },
    events: tracked ? [exposure(experienceId, variationId, experienceClaim(experienceId))] : NO_EVENTS,
  };
}

/**
 * Makes the enrolment of a visitor who had no variation of this experience. It is frozen, and all such visitors share
 * it.
 */
export function firstEnrolment(experienceId: string, variationId: string): Enrolment {
  const claim = Object.freeze({ variationId, replaces: undefined, exposed: true });
  const event = exposure(experienceId, variationId, experienceClaim(experienceId));
  Object.freeze(event.event.data);
  Object.freeze(event.event);
  return Object.freeze({
    change: Object.freeze({ claims: Object.freeze({ [experienceId]: claim }) }),
    events: Object.freeze([Object.freeze(event)]),
  });
}

function exposure(experienceId: string, variationId: string, claim: string): EngineEvent {
  return { event: { eventType: 'bucketing', data: { experienceId, variationId } }, claim };
}
