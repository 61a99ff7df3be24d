/** Notes a problem with a stored state on the state itself, for the context that gets it from any store. */

/**
 * - `malformed`: a field was malformed, and counts as absent
 * - `unknownFormat`: a newer version of this package has written the state, so that it must not be written over
 */
export type StateProblem = 'malformed' | 'unknownFormat';

/**
 * The key of the note. It is not enumerable, so that no copy of the state has it and it is never stored. It is the same
 * symbol in both builds of this package (ESM and CommonJS).
 */
const PROBLEM = Symbol.for('convert-middleware.state-problem');

/** Notes the problem on `state`, which is modified. */
export function noteProblem(state: object, problem: StateProblem): void {
  Object.defineProperty(state, PROBLEM, { value: problem, configurable: true });
}

/** Returns the problem with which the state was read; undefined if there was none. */
export function problemOf(state: object): StateProblem | undefined {
  return (state as { readonly [PROBLEM]?: StateProblem })[PROBLEM];
}
