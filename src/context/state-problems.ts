/** Counts problems with stored states, and tells the operator of the first one of each kind. */
import type { StateProblem } from '../model/visitor-state/state-problem.js';
import type { Runtime } from './runtime.js';

/** The number of times that a problem with stored state was met, by kind. */
export interface StateStats {
  /** States with a malformed field, which counted as absent. */
  readonly malformed: number;
}

const WARNINGS: Readonly<Record<StateProblem, string>> = {
  malformed:
    'the stored state of a visitor has a malformed field, which counts as absent: other software has written it, or ' +
    'somebody has changed it (stats().state.malformed counts these)',
};

export class StateProblems {
  readonly #counts = { malformed: 0 };

  constructor(private readonly warnOnce: Runtime['warnOnce']) {}

  /** Counts one more problem. Nothing happens for undefined. */
  met(problem: StateProblem | undefined): void {
    if (problem === undefined) return;
    this.#counts[problem] += 1;
    this.warnOnce(`state:${problem}`, WARNINGS[problem]);
  }

  stats(): StateStats {
    return { ...this.#counts };
  }
}
