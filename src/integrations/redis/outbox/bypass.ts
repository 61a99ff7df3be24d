/**
 * Decides when events are sent to the tracking endpoint without Redis, because Redis has failed for too long. Remembers
 * the commits whose events were sent so: Redis may have these commits, too.
 */

/** The most commits that are remembered. */
const MAX_COMMITS = 1_000;

export class Bypass {
  /** The time since when Redis has failed, by performance.now(); undefined while it works. */
  #failingSince: number | undefined;
  readonly #commits = new Set<number>();

  /**
   * `after`: milliseconds for which Redis fails before events are sent without it; undefined if this process sends no
   * events.
   */
  constructor(private readonly after: number | undefined) {}

  get isAllowed(): boolean {
    return this.after !== undefined;
  }

  /** True if Redis has failed for so long that events are to be sent without it. */
  get isDue(): boolean {
    if (this.after === undefined || this.#failingSince === undefined) return false;
    return performance.now() - this.#failingSince >= this.after;
  }

  /** Notes that an attempt to use Redis has failed, which began at the time `began`, by performance.now(). */
  failed(began: number): void {
    this.#failingSince ??= began;
  }

  succeeded(): void {
    this.#failingSince = undefined;
  }

  /** Notes that the events of the commit of this number were sent without Redis. */
  add(commit: number): void {
    this.#commits.add(commit);
    const [oldest] = this.#commits;
    if (this.#commits.size > MAX_COMMITS) this.#commits.delete(oldest!);
  }

  /** Returns true if the events of the commit of this number were sent without Redis. Forgets the commit then. */
  take(commit: number): boolean {
    return this.#commits.delete(commit);
  }
}
