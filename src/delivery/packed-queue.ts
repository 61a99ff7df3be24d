/**
 * A queue of events that takes little more memory than their bytes. Events that wait for long are kept as text in
 * buffers, where the garbage collector does not look at each of them again and again. Event objects would take twice as
 * much memory.
 */
import type { FlushEpoch } from './flush-tracker.js';
import { decodeLines, encodeLines, headOf } from './payload.js';
import { QueuedEvent } from './queued-event.js';

/** Bytes of events that are packed into one chunk. To pack so many takes some milliseconds of the event loop. */
const CHUNK_BYTES = 128 * 1024;

interface Chunk {
  readonly lines: Buffer;
  readonly at: Float64Array;
  /** The epochs of the events: for each run of events of one epoch, the epoch and the number of events. */
  readonly epochs: readonly { epoch: FlushEpoch; count: number }[];
}

export class PackedQueue {
  /** The oldest chunk first. */
  readonly #chunks: Chunk[] = [];
  /** The youngest events, which are not packed yet. */
  #loose: QueuedEvent[] = [];
  #looseBytes = 0;

  constructor(private readonly chunkBytes = CHUNK_BYTES) {}

  get isEmpty(): boolean {
    return this.#loose.length === 0 && this.#chunks.length === 0;
  }

  push(event: QueuedEvent): void {
    this.#loose.push(event);
    this.#looseBytes += event.bytes;
    if (this.#looseBytes >= this.chunkBytes) this.#pack();
  }

  /**
   * Removes and returns the oldest events: those of one chunk, or the events that are not packed yet if there is no
   * chunk.
   */
  take(): QueuedEvent[] {
    const chunk = this.#chunks.shift();
    return chunk === undefined ? this.#takeLoose() : unpack(chunk);
  }

  /** Removes and returns the events of these visitors, wherever they are in the queue. */
  remove(visitorIds: ReadonlySet<string>): QueuedEvent[] {
    const gone: QueuedEvent[] = [];
    const isLeft = (event: QueuedEvent): boolean =>
      !visitorIds.has(event.visitorId) || (gone.push(event), false);
    const heads = [...visitorIds].map(headOf);
    for (const chunk of this.#chunks.splice(0)) {
      // The text of a chunk is searched for the visitors first: to unpack a chunk takes as long as to send it, and most
      // chunks hold no event of these visitors.
      const isHit = heads.some((head) => chunk.lines.includes(head));
      const left = isHit ? unpack(chunk).filter(isLeft) : undefined;
      if (left === undefined) this.#chunks.push(chunk);
      else if (left.length > 0) this.#chunks.push(pack(left));
    }
    for (const event of this.#takeLoose().filter(isLeft)) this.push(event);
    return gone;
  }

  #pack(): void {
    this.#chunks.push(pack(this.#takeLoose()));
  }

  #takeLoose(): QueuedEvent[] {
    const events = this.#loose;
    this.#loose = [];
    this.#looseBytes = 0;
    return events;
  }
}

function pack(events: readonly QueuedEvent[]): Chunk {
  const epochs: { epoch: FlushEpoch; count: number }[] = [];
  for (const { epoch } of events) {
    const last = epochs.at(-1);
    if (last?.epoch === epoch) last.count += 1;
    else epochs.push({ epoch, count: 1 });
  }
  return {
    lines: Buffer.from(encodeLines(events)),
    at: Float64Array.from(events, ({ at }) => at),
    epochs,
  };
}

function unpack({ lines, at, epochs }: Chunk): QueuedEvent[] {
  const texts = decodeLines(lines.toString());
  const events: QueuedEvent[] = [];
  for (const { epoch, count } of epochs) {
    for (let left = count; left > 0; left--) {
      const index = events.length;
      events.push(new QueuedEvent(texts[index]!, epoch, at[index]!));
    }
  }
  return events;
}
