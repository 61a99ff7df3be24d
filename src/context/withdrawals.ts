/** Remembers whose consent was withdrawn, and who was forgotten, for as long as requests that began before may be under way. */
import type { WithdrawalReason, Withdrawals } from './runtime.js';

/** More withdrawals than that during one request are no concern: the oldest are forgotten. */
const MAX = 10_000;

export function createWithdrawals(): Withdrawals {
  const generations = new Map<string, { at: number; reason: WithdrawalReason }>();
  let generation = 0;
  return {
    get generation() {
      return generation;
    },
    add(storeKey, reason) {
      generations.delete(storeKey);
      generations.set(storeKey, { at: (generation += 1), reason });
      if (generations.size <= MAX) return;
      for (const oldest of generations.keys()) {
        generations.delete(oldest);
        break;
      }
    },
    // Nearly always there was none at all.
    since(storeKey, before) {
      if (generation <= before) return undefined;
      const last = generations.get(storeKey);
      return last !== undefined && last.at > before ? last.reason : undefined;
    },
  };
}
