/** Timers for work in the background. */

/** What a timer of Node can hold; it takes longer delays for 1 ms. */
const MAX_DELAY = 2 ** 31 - 1;

/** `setTimeout` that keeps no process alive and has no upper bound that turns into its opposite. */
export function unrefTimeout(callback: () => void, delay: number): NodeJS.Timeout {
  return setTimeout(callback, Math.min(delay, MAX_DELAY)).unref();
}
