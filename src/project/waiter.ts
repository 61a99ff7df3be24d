/** A promise that is settled from outside, with a timer. */
import type { ConvertError } from '../utils/errors.js';
import type { Timer } from '../utils/node/timers.js';

export interface Waiter {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: ConvertError): void;
  timer: Timer | undefined;
}

export function createWaiter(timer?: Timer): Waiter {
  let settle: Pick<Waiter, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, timer, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
