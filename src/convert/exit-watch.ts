/** Tells the operator if the process ends while a Convert is closing with its servers: then events are lost. */
import { writeSync } from 'node:fs';
import type { Outbox } from '../delivery/types.js';
import { type Logger, silentLogger } from '../utils/logger.js';
import { warningLine } from '../utils/operator-log.js';
import { endsOtherwise, ONLY_LOOKS } from './shutdown-signals.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

interface Watched {
  readonly logger: Logger;
  readonly outbox: Outbox;
}

/**
 * Milliseconds for which signals are still listened to after the end of the watch. A signal that came before the end is
 * dispatched after it; without a listener by then, Node would drop the signal, and the process would go on.
 */
const GRACE = 100;

/**
 * Writes a line to stderr if the process ends before the returned function is called, and events would be lost. The
 * end itself is not delayed: `process.exit()` waits for nobody, and a signal ends the process at once, as without a
 * listener.
 */
export function watchExit({ logger, outbox }: Watched): () => void {
  // Some runtimes have Node's modules, but not its `process`.
  const hasProcess = typeof process === 'object' && typeof process.on === 'function';
  if (!hasProcess || logger === silentLogger || outbox.stats().volatile === 0) return () => {};

  let isOn = true;

  function onExit(): void {
    const { volatile: lost } = outbox.stats();
    if (lost > 0) tell(lost);
  }
  function onSignal(signal: NodeJS.Signals): void {
    if (endsOtherwise(signal, onSignal)) return;
    if (isOn) onExit();
    unlisten();
    process.kill(process.pid, signal);
  }
  function unlisten(): void {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
  function end(): void {
    isOn = false;
    process.off('exit', onExit);
    setTimeout(unlisten, GRACE).unref();
  }

  Object.defineProperty(onSignal, ONLY_LOOKS, { value: true });
  process.on('exit', onExit);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return end;
}

/** A logger may write later; there is no later here. */
function tell(lost: number): void {
  try {
    const message =
      `the process ends before closeWith() is done, and ${lost} events are lost: the framework ends the process` +
      ' when the server has closed, so await convert.close() in its shutdown hook (docs/guides/shutdown.md)';
    writeSync(2, `${warningLine('CONVERT_EVENTS_LOST', message)}\n`);
  } catch {
    // stderr is closed.
  }
}
