/** Several changes as one. */
import { ownValue, setEntry, mergeSegments, union } from '../../utils/objects.js';
import type { Claim, StateChange } from './types.js';

/**
 * One change that does what several do, one after the other. All are made for one visitor in one request, each in
 * knowledge of those before it.
 */
export function joinChanges(...changes: readonly StateChange[]): StateChange {
  const joined: StateChange = {};
  for (const { claims, goals, transactions, exposed, segments, ...replacing } of changes) {
    Object.assign(joined, replacing);
    if (claims) joined.claims = withClaims(joined.claims ?? {}, claims);
    if (goals) joined.goals = union(joined.goals, goals);
    for (const [goalKey, ids] of Object.entries(transactions ?? {})) {
      joined.transactions ??= {};
      setEntry(joined.transactions, goalKey, union(ownValue(joined.transactions, goalKey), ids));
    }
    if (exposed) joined.exposed = union(joined.exposed, exposed);
    if (segments) joined.segments = joined.segments ? mergeSegments(joined.segments, segments) : segments;
  }
  return joined;
}

/** Adds to `joined`, which belongs to the caller. */
function withClaims(joined: Record<string, Claim>, claims: Record<string, Claim>): Record<string, Claim> {
  for (const [experienceId, claim] of Object.entries(claims)) {
    // What the store holds is what the first claim was made against.
    const replaces = ownValue(joined, experienceId)?.replaces;
    setEntry(joined, experienceId, replaces === undefined ? claim : { ...claim, replaces });
  }
  return joined;
}
