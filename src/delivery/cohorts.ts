/**
 * Who waits for what: a flush waits for the events that were accepted before it, and for none that came after.
 *
 * Events join the current cohort. A wait seals it and begins the next one; it is over once its cohort and all older
 * ones are empty. So an event that settles costs one subtraction, however many are waiting.
 */
export interface Cohort {
  open: number;
  readonly waiting: Set<() => void>;
  next: Cohort | undefined;
}

export interface Cohorts {
  /** How many waits are not over. */
  readonly waits: number;
  join(): Cohort;
  /** An event of this cohort was settled. */
  leave(cohort: Cohort): void;
  /**
   * Resolves when all that joined before has left, or after `timeout` milliseconds. Until then the process is held:
   * a job that awaits a flush must not end because everything else here is unref'd.
   */
  wait(timeout: number): Promise<void>;
  /** Ends all waits. */
  dissolve(): void;
}

/** The longest time that a Node timer can take; a longer one would fire at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** `idle` is called whenever the last wait is over. */
export function cohorts(idle: () => void): Cohorts {
  let current: Cohort = newCohort();
  let oldest = current;
  let sealed: Cohort | undefined;
  let waits = 0;

  function advance(): void {
    while (oldest !== current && oldest.open === 0) {
      const { waiting, next } = oldest;
      oldest = next ?? current;
      for (const done of waiting) done();
    }
  }

  function latest(): Cohort | undefined {
    if (current.open > 0) {
      sealed = current;
      current = current.next = newCohort();
      return sealed;
    }
    return oldest === current ? undefined : sealed;
  }

  return {
    get waits() {
      return waits;
    },
    join() {
      current.open += 1;
      return current;
    },
    leave(cohort) {
      cohort.open -= 1;
      if (cohort.open === 0 && cohort === oldest) advance();
    },
    wait(timeout) {
      const cohort = latest();
      if (!cohort) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          if (!cohort.waiting.delete(done)) return;
          waits -= 1;
          resolve();
          if (waits === 0) idle();
        };
        const timer = setTimeout(done, Math.min(MAX_TIMEOUT, Math.max(0, timeout)));
        cohort.waiting.add(done);
        waits += 1;
      });
    },
    dissolve() {
      for (let each: Cohort | undefined = oldest; each; each = each.next) {
        for (const done of each.waiting) done();
      }
      oldest = current;
    },
  };
}

function newCohort(): Cohort {
  return { open: 0, waiting: new Set(), next: undefined };
}
