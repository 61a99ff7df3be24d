/** A collection of what comes and goes: for each request that leaves something to be committed, one. */

/**
 * What is under way, in the order in which it came. No `Set`: that gets a new table every few dozen entries, the old one
 * points to it, and once one table has grown old the garbage collector keeps all that follow, with what was in them
 * (4 KB of each request). That took half of the time of a new visitor.
 */
export class CompactSet<T extends { place: number | undefined }> {
  #items: (T | undefined)[] = [];
  #count = 0;

  add(item: T): void {
    if (item.place !== undefined) return;
    if (this.#items.length > 64 && this.#items.length > 2 * this.#count) this.#close();
    item.place = this.#items.push(item) - 1;
    this.#count += 1;
  }

  delete(item: T): void {
    if (item.place === undefined) return;
    this.#items[item.place] = undefined;
    item.place = undefined;
    this.#count -= 1;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const item of [...this.#items]) if (item?.place !== undefined) yield item;
  }

  /** Up the gaps. */
  #close(): void {
    this.#items = this.#items.filter((item) => item !== undefined);
    this.#items.forEach((item, place) => (item!.place = place));
  }
}
