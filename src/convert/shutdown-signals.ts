/**
 * Closing on SIGTERM and SIGINT, for apps that ask for it. A signal that somebody listens to no longer ends the
 * process: who listens alone has to end it, and who does not must leave that to the others.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Milliseconds that delivery may hold up the end of the process. */
const TIMEOUT = 5_000;

/** A store or an outbox of the app's own that never answers must not keep a process from its end. */
const LIMIT = TIMEOUT + 1_000;

/** What is registered; by another build or version of this package, too. */
interface Closable {
  flush(options: { timeout: number }): Promise<unknown>;
  close(options: { timeout: number }): Promise<unknown>;
}

interface Registry {
  add(instance: Closable): void;
  delete(instance: Closable): void;
}

/** One for the process, whichever copies of this package are in it: two listeners would each wait for the other. */
const REGISTRY = Symbol.for('convert-middleware.signals');

/** Closes `instance` on a signal that nobody else handles. The returned function takes that back. */
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
      void settled((each) => each.flush({ timeout: TIMEOUT }));
      return;
    }
    // Later: who also ends the process only where nobody else listens may look after us, and must find us here.
    process.nextTick(() => void end(signal));
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    // Each takes itself out as it begins to close, and our listeners with the last one: no second signal waits for us.
    const closed = settled((each) => each.close({ timeout: TIMEOUT }));
    await Promise.race([closed, sleep(LIMIT, undefined, { ref: false })]);
    process.kill(process.pid, signal);
  }

  function settled(work: (instance: Closable) => Promise<unknown>): Promise<unknown> {
    return Promise.allSettled([...instances].map(async (each) => work(each)));
  }

  return {
    add(instance) {
      // Before all others: one that listens `once` would be gone when we look.
      if (instances.size === 0) for (const signal of SIGNALS) process.prependListener(signal, onSignal);
      instances.add(instance);
    },
    delete(instance) {
      if (!instances.delete(instance) || instances.size > 0) return;
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** True where it is not us who keep `signal` from ending the process. */
function endsOtherwise(signal: NodeJS.Signals, ours: NodeJS.SignalsListener): boolean {
  // The first process of a container: the kernel ends it by no signal that has no listener.
  if (process.pid === 1) return true;
  const others = process.listeners(signal).filter((each) => each !== ours);
  return others.length > exitWatchers();
}

/**
 * How many listeners the package signal-exit has for each signal. It is in many processes and leaves their end to
 * whoever else listens, as we do. Found where its own major versions find each other.
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
