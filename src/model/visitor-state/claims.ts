/** Makes the names of claims, and removes claims. A claim is the part of a change that only the first writer gets. */
import { ownProperties, ownValue } from '../../utils/objects.js';
import { transactionKey } from './transaction-id.js';
import type { StateChange, VisitorState } from './types.js';

/** Makes the name of a claim, by which events refer to the claim that they depend on. */
export const experienceClaim = (experienceId: string): string => `experience:${experienceId}`;
export const exposureClaim = (experienceId: string): string => `exposure:${experienceId}`;
export const goalClaim = (goalKey: string): string => `goal:${goalKey}`;
/**
 * Makes the name of a transaction's claim. JSON joins the goal key and the transaction id, since both may have any
 * character in them.
 */
export const transactionClaim = (goalKey: string, transactionId: string): string =>
  `transaction:${JSON.stringify([goalKey, transactionId])}`;

/** The names of all claims that an event depends on. */
export function claimsOf({ claim, also }: { claim?: string; also?: string }): string[] {
  if (claim === undefined) return [];
  return also === undefined ? [claim] : [claim, also];
}

/** Functions that remove a claim from a state, by the first part of the claim's name. They modify the state. */
const UNDO: Readonly<Record<string, (state: VisitorState, rest: string) => void>> = {
  experience(state, experienceId) {
    state.bucketing = without(state.bucketing, experienceId);
    state.unexposed = state.unexposed?.filter((id) => id !== experienceId);
  },
  exposure(state, experienceId) {
    if (ownValue(state.bucketing, experienceId) === undefined) return;
    state.unexposed = [...(state.unexposed ?? []).filter((id) => id !== experienceId), experienceId];
  },
  goal(state, goalKey) {
    state.goals = without(state.goals, goalKey);
  },
  transaction(state, rest) {
    const [goalKey, transactionId] = JSON.parse(rest) as [string, string];
    const key = transactionKey(transactionId);
    const ids = ownValue(state.transactions, goalKey)?.filter((id) => transactionKey(id) !== key);
    if (ids !== undefined) state.transactions = { ...state.transactions, [goalKey]: ids };
  },
};

/** Returns a change without the claims of these names. */
export function withoutClaims(change: StateChange, names: ReadonlySet<string>): StateChange {
  const kept = ownProperties(change);
  if (kept.claims) {
    kept.claims = Object.fromEntries(
      Object.entries(kept.claims).filter(([id]) => !names.has(experienceClaim(id))),
    );
  }
  if (kept.goals) kept.goals = kept.goals.filter((key) => !names.has(goalClaim(key)));
  if (kept.transactions) {
    kept.transactions = Object.fromEntries(
      Object.entries(kept.transactions).map(([goalKey, ids]) => [
        goalKey,
        ids.filter((id) => !names.has(transactionClaim(goalKey, id))),
      ]),
    );
  }
  if (kept.exposed) kept.exposed = kept.exposed.filter((id) => !names.has(exposureClaim(id)));
  return kept;
}

/**
 * Returns a state without the claims that have lapsed by `now` (milliseconds since the epoch). A claim lapses at the
 * time in `pending`, unless its event has reached an outbox by then. If a claim lapses, the process that made it has
 * usually died.
 */
export function withoutLapsedClaims(state: VisitorState, now: number): VisitorState {
  const { pending } = state;
  if (pending === undefined) return state;
  const lapsed = Object.keys(pending).filter((name) => !(pending[name]! > now));
  if (lapsed.length === 0) return state;
  const next = ownProperties(state);
  for (const name of lapsed) undo(next, name);
  return withoutPending(next, lapsed);
}

/** Returns a state in which these claims are not pending, so that they never lapse. */
export function withoutPending(state: VisitorState, names: readonly string[]): VisitorState {
  const pending = { ...state.pending };
  for (const name of names) Reflect.deleteProperty(pending, name);
  const next: VisitorState = Object.assign(ownProperties(state), { pending });
  if (Object.keys(pending).length === 0) delete next.pending;
  return next;
}

/** Removes a claim from `state`, which is modified. A store may hold any name, so a malformed name is ignored. */
function undo(state: VisitorState, name: string): void {
  const colon = name.indexOf(':');
  try {
    ownValue(UNDO, name.slice(0, colon))?.(state, name.slice(colon + 1));
  } catch {
    // A malformed name of a claim is ignored.
  }
}

function without<T>(object: Record<string, T> | undefined, key: string): Record<string, T> | undefined {
  if (object === undefined) return undefined;
  const copy = { ...object };
  Reflect.deleteProperty(copy, key);
  return copy;
}
