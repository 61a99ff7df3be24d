/** The outbox that keeps its events in the memory of the process, up to a bound. */
import { createOutbox } from './outbox.js';
import { PackedQueue } from './packed-queue.js';
import { type OutboxCore, QueueBackendBase } from './queue-backend.js';
import type { QueuedEvent } from './queued-event.js';
import { DEFAULT_QUEUE_BYTES, type Outbox, type OutboxOptions } from './types.js';

/**
 * Bytes of events that are ready to be sent. Later events are packed, which costs as much as to send them: a burst
 * that fits is not slowed down.
 */
const READY_BYTES = 8 * 1024 * 1024;

/** Events that are pending when the process dies are lost. The second argument is for tests. */
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
    // After the close, the events that are left are counted already.
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
