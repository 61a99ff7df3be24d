/**
 * Which visitors were forgotten while events of theirs were offered and not confirmed yet; and the time at which events are
 * accepted: what came after a visitor was forgotten has a later one than that, however close the calls were.
 */
export class ErasureGuard {
  readonly #times = new Map<string, number>();
  /** Milliseconds since the epoch, of the last one. */
  #erasedAt = -Infinity;
  #offeredAt = -Infinity;
  /** Offers that are not confirmed: made before the last erasure, and since. */
  #before = 0;
  #since = 0;

  /** True where no offer that is open can hold events of somebody who was forgotten. */
  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** An offer is made. Returns when, in milliseconds since the epoch. */
  offered(): number {
    this.#since += 1;
    return (this.#offeredAt = Math.max(Date.now(), this.#erasedAt + 1));
  }

  /** The offer that was made at that time is confirmed. */
  confirmed(at: number): void {
    if (at > this.#erasedAt) this.#since -= 1;
    else if ((this.#before -= 1) === 0) this.#times.clear();
  }

  /** Visitors are forgotten. Returns the time up to which events of theirs are not to be sent. */
  add(visitorIds: ReadonlySet<string>): number {
    // Clocks are set back, too.
    this.#erasedAt = Math.max(Date.now(), this.#offeredAt);
    this.#before += this.#since;
    this.#since = 0;
    if (this.#before > 0) for (const id of visitorIds) this.#times.set(id, this.#erasedAt);
    return this.#erasedAt;
  }

  /** True for an event that was offered at that time, before its visitor was forgotten. */
  covers(visitorId: string, at: number): boolean {
    return (this.#times.get(visitorId) ?? -Infinity) >= at;
  }
}
