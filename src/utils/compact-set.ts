/** An insertion-ordered set for items that come and go, such as the requests with something to commit. */

/**
 * V8 gives a `Set` a new table every few dozen entries, and the old table points to the new one. Once a table is in the
 * old space, the garbage collector keeps all tables that follow, with the items in them (bench/heap). `index` of an
 * item is its place in this set, and undefined if the item is not in the set. The set writes it.
 */
export class CompactSet<T extends { index: number | undefined }> {
  #items: (T | undefined)[] = [];
  #count = 0;

  get size(): number {
    return this.#count;
  }

  add(item: T): void {
    if (item.index !== undefined) return;
    if (this.#items.length > 64 && this.#items.length > 2 * this.#count) this.#compact();
    item.index = this.#items.push(item) - 1;
    this.#count += 1;
  }

  delete(item: T): void {
    if (item.index === undefined) return;
    this.#items[item.index] = undefined;
    item.index = undefined;
    this.#count -= 1;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const item of [...this.#items]) if (item?.index !== undefined) yield item;
  }

  /** Removes the gaps that deleted items left. */
  #compact(): void {
    this.#items = this.#items.filter((item) => item !== undefined);
    this.#items.forEach((item, index) => (item!.index = index));
  }
}
