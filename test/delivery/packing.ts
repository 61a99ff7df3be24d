/** An outbox in memory that keeps most of its events packed. */
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import type { OutboxFactory } from '../../src/delivery/types.js';

/** Hardly anything is ready to be sent. */
export const packing: OutboxFactory = (options) =>
  memoryOutbox(options, { readyBytes: 500, chunkBytes: 300 });
