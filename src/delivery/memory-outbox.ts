/** The outbox that keeps its events in memory, up to a bound. */
import { createOutbox, type OutboxCore, type QueueBackend } from './outbox.js';
import { PackedQueue } from './packed-queue.js';
import type { Outbox, OutboxOptions } from './types.js';

/** Bytes of events that are ready to be sent. What comes after them is packed, which costs as much as to send it: not in a burst. */
const READY_BYTES = 8 * 1024 * 1024;

/** Events that are pending when the process dies are lost. `internals` are for tests. */
export function memoryOutbox(
  options: OutboxOptions,
  { readyBytes = READY_BYTES, chunkBytes }: { readyBytes?: number; chunkBytes?: number } = {},
): Outbox {
  return createOutbox(options, (core) => memoryShelf(core, readyBytes, new PackedQueue(chunkBytes)));
}

function memoryShelf(core: OutboxCore, readyBytes: number, packed: PackedQueue): QueueBackend {
  const { sender, ledger } = core;
  function refill(): void {
    while (!packed.isEmpty && sender.queuedBytes < readyBytes / 2) {
      for (const event of packed.take()) sender.push(event);
    }
    sender.start();
  }
  let isClosed = false;
  return {
    keep(event) {
      if (packed.isEmpty && sender.queuedBytes < readyBytes) sender.push(event);
      else packed.push(event);
    },
    kept: () => sender.start(),
    finalized: refill,
    cancelled: refill,
    closed: () => void (isClosed = true),
    forget(visitorIds) {
      // What was left at the close is counted.
      if (isClosed || packed.isEmpty) return;
      core.finalize(packed.remove(visitorIds), (count) => ledger.drop(count, 'forgotten'));
    },
  };
}
