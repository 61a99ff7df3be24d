/**
 * Decides when events go straight to the endpoint, without Redis, because Redis has failed for too long; and remembers
 * the commits of which the events went that way although Redis may have them, too.
 */

/** Commits that are remembered. */
const MAX_COMMITS = 1_000;

export class Bypass {
  /** By performance.now(). */
  #failingSince: number | undefined;
  readonly #commits = new Set<number>();

  /** `after`: milliseconds of failure; undefined if this process sends nothing. */
  constructor(private readonly after: number | undefined) {}

  get isAllowed(): boolean {
    return this.after !== undefined;
  }

  /** True if Redis has failed for so long that its events are to go without it. */
  get isDue(): boolean {
    if (this.after === undefined || this.#failingSince === undefined) return false;
    return performance.now() - this.#failingSince >= this.after;
  }

  /** An attempt that began at that time, by performance.now(), has failed. */
  failed(began: number): void {
    this.#failingSince ??= began;
  }

  succeeded(): void {
    this.#failingSince = undefined;
  }

  /** The events of the commit with this number went without Redis. */
  add(commit: number): void {
    this.#commits.add(commit);
    const [oldest] = this.#commits;
    if (this.#commits.size > MAX_COMMITS) this.#commits.delete(oldest!);
  }

  /** True, once, if the events of the commit with this number went without Redis. */
  take(commit: number): boolean {
    return this.#commits.delete(commit);
  }
}
