/**
 * Remembers the visitors who were erased (`Outbox.forget`) after events of theirs were offered and before that offer
 * was confirmed. Also gives the times of offers and erasures: an offer that is made after an erasure gets a later time
 * than the erasure, even if both calls fall into the same millisecond.
 */
export class ErasureGuard {
  readonly #times = new Map<string, number>();
  /** The times of the last erasure and of the last offer, in milliseconds since the epoch. */
  #erasedAt = -Infinity;
  #offeredAt = -Infinity;
  /** The number of offers that are not confirmed: offers made before the last erasure, and offers made since. */
  #before = 0;
  #since = 0;

  /** True if no unconfirmed offer can hold events of an erased visitor. */
  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** Notes that events are offered. Returns the time of the offer, in milliseconds since the epoch. */
  offered(): number {
    this.#since += 1;
    return (this.#offeredAt = Math.max(Date.now(), this.#erasedAt + 1));
  }

  /** Notes that the offer of the time `at` is confirmed. */
  confirmed(at: number): void {
    if (at > this.#erasedAt) this.#since -= 1;
    else if ((this.#before -= 1) === 0) this.#times.clear();
  }

  /**
   * Notes that these visitors are erased. Returns the time of the erasure: events of offers up to this time are not to
   * be sent.
   */
  add(visitorIds: ReadonlySet<string>): number {
    // If the clock was set back, the last offer has a later time than `Date.now()`.
    this.#erasedAt = Math.max(Date.now(), this.#offeredAt);
    this.#before += this.#since;
    this.#since = 0;
    if (this.#before > 0) for (const id of visitorIds) this.#times.set(id, this.#erasedAt);
    return this.#erasedAt;
  }

  /**
   * True if an event of this visitor that was offered at the time `at` must not be sent, because the visitor was erased
   * later.
   */
  covers(visitorId: string, at: number): boolean {
    return (this.#times.get(visitorId) ?? -Infinity) >= at;
  }
}
