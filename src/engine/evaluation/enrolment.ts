/** Makes the change and the exposure that a decision leaves behind when a visitor is given a variation. */
import { experienceClaim, exposureClaim } from '../../model/visitor-state/claims.js';
import type { StateChange, VisitorState } from '../../model/visitor-state/types.js';
import type { EngineEvent, ExperienceAttributes } from '../types.js';

export interface Assignment {
  readonly experienceId: string;
  readonly variationId: string;
  /** The variation in the state for this experience. */
  readonly stored: string | undefined;
  /** True if the state has another variation, or none. */
  readonly isNew: boolean;
}

export interface Enrolment {
  readonly change: StateChange | undefined;
  readonly events: readonly EngineEvent[];
}

export const NO_EVENTS: readonly EngineEvent[] = Object.freeze([]);

const NOTHING: Enrolment = Object.freeze({ change: undefined, events: NO_EVENTS });

/**
 * Makes the enrolment. The exposure of an assignment is sent once, with the first tracked decision; a decision with
 * `enableTracking: false` leaves it to a later one.
 *
 * @param strict as in the official SDK, an exposure that was not tracked never follows
 * @param first the result of `firstEnrolment` for this assignment, if there is one
 */
export function enrolment(
  assignment: Assignment,
  state: Readonly<VisitorState>,
  attributes: ExperienceAttributes,
  strict: boolean,
  first?: Enrolment,
): Enrolment {
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
  // The SDK stores all properties that it was given; what a request says of itself should not outlive it.
  const segments = attributes.updateVisitorProperties ? attributes.visitorProperties : undefined;
  if (first !== undefined && stored === undefined && tracked && segments === undefined) return first;
  const claim = { variationId, replaces: stored, exposed: tracked || strict };
  return {
    change: { claims: { [experienceId]: claim }, ...(segments && { segments }) },
    events: tracked ? [exposure(experienceId, variationId, experienceClaim(experienceId))] : NO_EVENTS,
  };
}

/** The enrolment of a visitor who had no variation of this experience; frozen, one object for all such visitors. */
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
