/**
 * Remembers which visitors were erased while events of theirs were offered and not confirmed yet. Gives the times of
 * offers and erasures, too: an event that is offered after an erasure has a later time than it, however close the
 * calls are.
 */
export class ErasureGuard {
  readonly #times = new Map<string, number>();
  /** Milliseconds since the epoch of the last erasure, and of the last offer. */
  #erasedAt = -Infinity;
  #offeredAt = -Infinity;
  /** Offers that are not confirmed: those from before the last erasure, and those since. */
  #before = 0;
  #since = 0;

  /** True if no open offer can hold events of an erased visitor. */
  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** An offer is made. Returns its time in milliseconds since the epoch. */
  offered(): number {
    this.#since += 1;
    return (this.#offeredAt = Math.max(Date.now(), this.#erasedAt + 1));
  }

  /** The offer that was made at that time is confirmed. */
  confirmed(at: number): void {
    if (at > this.#erasedAt) this.#since -= 1;
    else if ((this.#before -= 1) === 0) this.#times.clear();
  }

  /** Visitors are erased. Returns the time up to which their events are not to be sent. */
  add(visitorIds: ReadonlySet<string>): number {
    // The clock may have been set back.
    this.#erasedAt = Math.max(Date.now(), this.#offeredAt);
    this.#before += this.#since;
    this.#since = 0;
    if (this.#before > 0) for (const id of visitorIds) this.#times.set(id, this.#erasedAt);
    return this.#erasedAt;
  }

  /** True for an event that was offered at that time, before its visitor was erased. */
  covers(visitorId: string, at: number): boolean {
    return (this.#times.get(visitorId) ?? -Infinity) >= at;
  }
}
