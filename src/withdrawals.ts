/** Remembers whose consent was withdrawn, for as long as requests that began before may be under way. */
import type { Withdrawals } from './runtime.js';

/** More withdrawals than that during one request are no concern: the oldest are forgotten. */
const MAX = 10_000;

export function createWithdrawals(): Withdrawals {
  const generations = new Map<string, number>();
  let generation = 0;
  return {
    get generation() {
      return generation;
    },
    add(storeKey) {
      generations.delete(storeKey);
      generations.set(storeKey, (generation += 1));
      if (generations.size <= MAX) return;
      for (const oldest of generations.keys()) {
        generations.delete(oldest);
        break;
      }
    },
    // Nearly always there was none at all.
    since: (storeKey, before) => generation > before && (generations.get(storeKey) ?? 0) > before,
  };
}
