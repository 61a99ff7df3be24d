/**
 * The states of visitors who were decided once: there are as many as variations and pages, and they hold for nearly all
 * visitors. So each is held once: of a new visitor only the key is kept.
 */
import { applyChange } from '../model/visitor-state/apply-change.js';
import type { StateChange, VisitorState } from '../model/visitor-state/types.js';

/** Bounds what is held for one claim: pages that differ in their locations. */
const MAX_STATES = 32;

/** What a change makes of a visitor of whom nothing is stored; undefined where that is not shared. */
export function firstStates(): (change: StateChange) => VisitorState | undefined {
  // By the claims of the change: the engine gives the same frozen ones to all visitors.
  const known = new WeakMap<object, VisitorState[]>();
  return (change) => {
    const { claims, locations } = change;
    if (claims === undefined || !isFirst(change)) return undefined;
    let states = known.get(claims);
    if (states === undefined) {
      if (!Object.isFrozen(claims)) return undefined;
      known.set(claims, (states = []));
    }
    for (const state of states) if (isSame(state.locations, locations)) return state;
    if (states.length === MAX_STATES) return undefined;
    const { state } = applyChange({}, change);
    Object.freeze(state.bucketing);
    Object.freeze(state.locations);
    states.push(Object.freeze(state));
    return state;
  };
}

function isFirst(change: StateChange): boolean {
  for (const field in change) if (field !== 'claims' && field !== 'locations') return false;
  return true;
}

function isSame(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
