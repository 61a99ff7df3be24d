/**
 * Closes instances on SIGTERM and SIGINT (option `shutdown: 'signals'`).
 *
 * Node does not end the process on a signal that has a listener. So if this package has the only listener, it has to
 * end the process. If there are other listeners, they have to end it, and this package only flushes.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The most milliseconds that delivery may delay the end of the process. */
const TIMEOUT = 5_000;

/** Milliseconds after a signal when the process ends in any case: a store or an outbox of the app may never answer. */
const LIMIT = TIMEOUT + 1_000;

/** An instance, of this or of another build or version of this package. */
interface Closable {
  flush(options: { timeout: number }): Promise<unknown>;
  close(options: { timeout: number }): Promise<unknown>;
}

interface Registry {
  add(instance: Closable): void;
  delete(instance: Closable): void;
}

/**
 * The key of the registry that all copies of this package in a process share. With two registries, each would leave the
 * end of the process to the listener of the other.
 */
const REGISTRY = Symbol.for('convert-middleware.signals');

/**
 * Has `instance` closed on a signal that has no other listener, and flushed on a signal that has one. The returned
 * function removes `instance` again.
 */
export function closeOnSignals(instance: Closable): () => void {
  const shared = process as { [REGISTRY]?: Registry };
  const registry = (shared[REGISTRY] ??= createRegistry());
  registry.add(instance);
  return () => registry.delete(instance);
}

function createRegistry(): Registry {
  const instances = new Set<Closable>();

  function onSignal(signal: NodeJS.Signals): void {
    if (endsOtherwise(signal, onSignal)) {
      void onAll((each) => each.flush({ timeout: TIMEOUT }));
      return;
    }
    // Closing begins one tick later, since it removes our listener: another listener that ends the process only if it
    // is alone has to see our listener first.
    process.nextTick(() => void end(signal));
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    // An instance leaves the registry when it begins to close, and the last one removes our listeners. So a second
    // signal ends the process at once.
    const closed = onAll((each) => each.close({ timeout: TIMEOUT }));
    await Promise.race([closed, sleep(LIMIT, undefined, { ref: false })]);
    process.kill(process.pid, signal);
  }

  function onAll(work: (instance: Closable) => Promise<unknown>): Promise<unknown> {
    return Promise.allSettled([...instances].map(async (each) => work(each)));
  }

  return {
    add(instance) {
      // Our listener is put first, so that it finds all other listeners in the list: a listener that was added with
      // `once` leaves the list when it runs.
      if (instances.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
      instances.add(instance);
    },
    delete(instance) {
      if (!instances.delete(instance) || instances.size > 0) return;
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** The key of a property that marks listeners which only look: they let the signal end the process as usual. */
export const ONLY_LOOKS = Symbol.for('convert-middleware.only-looks');

/** True if `signal` would not end the process even if our listener were not there. */
export function endsOtherwise(signal: NodeJS.Signals, ours: NodeJS.SignalsListener): boolean {
  // The kernel does not end the first process of a container (1) on a signal that has no listener.
  if (process.pid === 1) return true;
  const others = process.listeners(signal).filter((each) => each !== ours && !(ONLY_LOOKS in each));
  return others.length > exitWatchers();
}

/**
 * The number of listeners that the package signal-exit has for each signal. They are not counted as other listeners:
 * many processes have that package, and it leaves the end of the process to other listeners, as we do. Its major
 * versions keep the count in these two variables.
 */
function exitWatchers(): number {
  const places = [
    (process as { __signal_exit_emitter__?: unknown }).__signal_exit_emitter__,
    (globalThis as Record<symbol, unknown>)[Symbol.for('signal-exit emitter')],
  ];
  let watchers = 0;
  for (const place of places) {
    const count = (place as { count?: unknown } | undefined)?.count;
    if (typeof count === 'number') watchers += count;
  }
  return watchers;
}
