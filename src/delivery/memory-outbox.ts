/** The outbox that keeps its events in memory, up to a bound. */
import { createOutbox } from './outbox.js';
import type { Outbox, OutboxOptions } from './port.js';

/** Events that are pending when the process dies are lost. */
export function memoryOutbox(options: OutboxOptions): Outbox {
  return createOutbox(options, ({ sender }) => ({
    keep: (event) => sender.push(event),
    kept: () => sender.start(),
  }));
}
