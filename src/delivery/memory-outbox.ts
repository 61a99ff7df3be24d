/** Makes the outbox that keeps its events in the memory of the process, up to a limit in bytes. */
import { createOutbox } from './outbox.js';
import { PackedQueue } from './packed-queue.js';
import { type OutboxCore, QueueBackendBase } from './queue-backend.js';
import type { QueuedEvent } from './queued-event.js';
import { DEFAULT_QUEUE_BYTES, type Outbox, type OutboxOptions } from './types.js';

/**
 * Bytes of events that the sender holds ready to be sent. Events beyond that are packed (packed-queue.ts), which costs
 * as much CPU time as sending them. So a burst of events that fits into these bytes is not slowed down.
 */
const READY_BYTES = 8 * 1024 * 1024;

/**
 * Makes an outbox that keeps events in memory: events that are pending when the process dies are lost. `readyBytes` and
 * `chunkBytes` are for tests.
 */
export function memoryOutbox(
  options: OutboxOptions,
  { readyBytes = READY_BYTES, chunkBytes }: { readyBytes?: number; chunkBytes?: number } = {},
): Outbox {
  const { maxQueueBytes = DEFAULT_QUEUE_BYTES } = options;
  return createOutbox(
    options,
    (core) => new MemoryBackend(core, maxQueueBytes, readyBytes, new PackedQueue(chunkBytes)),
  );
}

class MemoryBackend extends QueueBackendBase {
  #isClosed = false;

  constructor(
    core: OutboxCore,
    readonly maxBytes: number,
    private readonly readyBytes: number,
    private readonly packed: PackedQueue,
  ) {
    super(core);
  }

  keep(event: QueuedEvent): void {
    const { sender } = this.core;
    if (this.packed.isEmpty && sender.queuedBytes < this.readyBytes) sender.push(event);
    else this.packed.push(event);
  }

  kept(): void {
    this.core.sender.start();
  }

  override finalized(): void {
    this.#refill();
  }

  override cancelled(): void {
    this.#refill();
  }

  override closed(): void {
    this.#isClosed = true;
  }

  override erase(visitorIds: ReadonlySet<string>): void {
    // After the close, the ledger counts the remaining events as dropped already.
    if (this.#isClosed || this.packed.isEmpty) return;
    const { core } = this;
    core.finalize(this.packed.remove(visitorIds), (count) => core.ledger.drop(count, 'forgotten'));
  }

  #refill(): void {
    const { sender } = this.core;
    while (!this.packed.isEmpty && sender.queuedBytes < this.readyBytes / 2) {
      for (const event of this.packed.take()) sender.push(event);
    }
    sender.start();
  }
}
