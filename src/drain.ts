/** When the process has nothing left to do, what waits to be delivered is sent: once, and not for long. */

/** Milliseconds that delivery may hold up the end of the process. */
const DRAIN_TIMEOUT = 2_000;

interface Drainable {
  flush(options: { timeout: number }): Promise<unknown>;
}

const waiting = new Set<Drainable>();

/** One listener for all instances: each piece of work makes `beforeExit` fire again. */
function onBeforeExit(): void {
  const all = [...waiting];
  waiting.clear();
  for (const each of all) void each.flush({ timeout: DRAIN_TIMEOUT });
}

/** Flushes `instance` before the process ends by itself. The returned function takes that back. */
export function drainBeforeExit(instance: Drainable): () => void {
  if (waiting.size === 0 && !process.listeners('beforeExit').includes(onBeforeExit)) {
    process.on('beforeExit', onBeforeExit);
  }
  waiting.add(instance);
  return () => {
    waiting.delete(instance);
    if (waiting.size === 0) process.off('beforeExit', onBeforeExit);
  };
}
