/** A promise that is settled from outside, with a timer. */
import type { ConvertError } from '../utils/errors.js';

export interface Waiter {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: ConvertError): void;
  timer: NodeJS.Timeout | undefined;
}

export function createWaiter(timer?: NodeJS.Timeout): Waiter {
  let settle: Pick<Waiter, 'resolve' | 'reject'> | undefined;
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, timer, resolve: () => settle?.resolve(), reject: (error) => settle?.reject(error) };
}
