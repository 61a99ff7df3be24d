/** A first-in first-out queue: pushing takes constant time, and items are removed in batches. */

export interface FifoQueue<T> {
  readonly length: number;
  push(item: T): void;
  /** The oldest item; undefined if the queue is empty. */
  first(): T | undefined;
  /** Removes and returns the oldest items, up to the first item for which `wants` returns false. */
  take(wants: (item: T) => boolean): T[];
  /** Returns all items, the oldest first. */
  items(): readonly T[];
}

/** The array is cut once so many items at its beginning are removed, and they take more than half of it. */
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
