/** Makes the outbox that keeps its events in the memory of the process, up to a limit in bytes. */
import { createOutbox } from './outbox.js';
import { type OutboxCore, QueueBackendBase } from './queue-backend.js';
import type { QueuedEvent } from './queued-event.js';
import { DEFAULT_QUEUE_BYTES, type Outbox, type OutboxOptions } from './types.js';

/** Makes an outbox that keeps events in memory: events that are pending when the process dies are lost. */
export function memoryOutbox(options: OutboxOptions): Outbox {
  const { maxQueueBytes = DEFAULT_QUEUE_BYTES } = options;
  return createOutbox(options, (core) => new MemoryBackend(core, maxQueueBytes));
}

/** Hands events to the sender, whose queue is all that there is. */
class MemoryBackend extends QueueBackendBase {
  constructor(
    core: OutboxCore,
    readonly maxBytes: number,
  ) {
    super(core);
  }

  keep(event: QueuedEvent): void {
    this.core.sender.push(event);
  }

  kept(): void {
    this.core.sender.start();
  }
}
