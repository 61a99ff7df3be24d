/** A first-in first-out queue: pushing takes constant time, and items are removed in batches. */

export interface FifoQueue<T> {
  readonly length: number;
  push(item: T): void;
  /** The oldest item. */
  first(): T | undefined;
  /** Removes and returns the oldest items for as long as `wants` says so. */
  take(wants: (item: T) => boolean): T[];
  /** All items, the oldest first. */
  items(): readonly T[];
}

/** The array is cut once it has so many removed items at its beginning, and more than others. */
const COMPACT_FROM = 1024;

export function fifoQueue<T>(): FifoQueue<T> {
  let items: (T | undefined)[] = [];
  let start = 0;

  return {
    get length() {
      return items.length - start;
    },
    push(item) {
      items.push(item);
    },
    first: () => items[start],
    take(wants) {
      const taken: T[] = [];
      while (start < items.length) {
        const item = items[start] as T;
        if (!wants(item)) break;
        taken.push(item);
        items[start] = undefined;
        start += 1;
      }
      if (start === items.length || (start >= COMPACT_FROM && start * 2 > items.length)) {
        items = items.slice(start);
        start = 0;
      }
      return taken;
    },
    items: () => items.slice(start) as T[],
  };
}
