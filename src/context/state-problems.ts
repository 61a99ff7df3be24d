/** Counts problems with stored states, and tells the operator of the first one of each kind. */
import type { WarnOnce } from '../utils/operator-log.js';

/** The number of times that a problem with stored state was met, by kind. */
export interface StateStats {
  /** States with a malformed field, which counted as absent. */
  readonly malformed: number;
  /**
   * States that a newer version of this package has written. Their variations and goals are read, and nothing is stored
   * in them.
   */
  readonly unknownFormat: number;
  /** Custom properties and transactions that were dropped, because a state had more than `maxStateBytes` bytes. */
  readonly trimmed: number;
}

const WARNINGS: Readonly<Record<keyof StateStats, string>> = {
  malformed:
    'the stored state of a visitor has a malformed field, which counts as absent: other software has written it, or ' +
    'somebody has changed it (stats().state.malformed counts these)',
  unknownFormat:
    'a newer version of this package has written the state of a visitor; its variations and goals are read, and ' +
    'nothing is stored in it. That is as it should be while a new version is rolled out or back ' +
    '(stats().state.unknownFormat counts these)',
  trimmed:
    'the state of a visitor has become larger than `maxStateBytes`: the oldest custom properties and transactions ' +
    'are dropped, and these transactions count again if they are reported again (stats().state.trimmed counts them)',
};

export class StateProblems {
  readonly #counts: Record<keyof StateStats, number> = { malformed: 0, trimmed: 0, unknownFormat: 0 };

  constructor(private readonly warnOnce: WarnOnce) {}

  /** Counts a problem. Nothing happens for undefined. */
  met(problem: keyof StateStats | undefined, count = 1): void {
    if (problem === undefined) return;
    this.#counts[problem] += count;
    this.warnOnce('CONVERT_STATE', WARNINGS[problem], problem);
  }

  stats(): StateStats {
    return { ...this.#counts };
  }
}
