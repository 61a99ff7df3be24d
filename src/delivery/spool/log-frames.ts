/**
 * Encodes and decodes the frames of a spool log, one for each write. A frame is text, so that an operator can read it:
 *
 *     @<number of the first event> <events> <when the first event was accepted> <bytes> <CRC-32>
 *     <line of an event>                           for each of them (`encodeLines` in payload.ts)
 *
 * The time is in milliseconds since the epoch. An empty line goes before each frame, so that the frame begins on a line
 * of its own even if the frame before it is torn. A frame counts as a whole or not at all: torn or damaged bytes are
 * skipped up to the next intact frame.
 */
import { decodeLines, encodeLines, type SerialisedEvent } from '../payload.js';
import { crcOf } from './crc.js';

export interface StoredEvent {
  readonly number: number;
  /** The time at which the first event of the frame was accepted, in milliseconds since the epoch. */
  readonly at: number;
  readonly event: SerialisedEvent;
}

export interface Decoded {
  readonly events: StoredEvent[];
  /** The number of bytes up to the end of the last frame that was decoded. */
  readonly end: number;
}

export function encodeFrame(first: number, at: number, events: readonly SerialisedEvent[]): Buffer {
  const body = Buffer.from(encodeLines(events));
  const head = `@${first} ${events.length} ${at} ${body.length}`;
  return Buffer.concat([Buffer.from(`\n${head} ${crcOf(head, body)}\n`, 'latin1'), body]);
}

const HEAD = /^(@(\d{1,16}) (\d{1,9}) (\d{1,16}) (\d{1,9})) ([0-9a-f]{8})$/;
const MAX_HEAD = 64;
const [LINE_END, AT] = [0x0a, 0x40];

/**
 * Returns the events from the number `from` on, up to the end of the frame with which there are `enough` events. Never
 * throws. If a number occurs twice, the second event is left out: it is the same event, written again after a failure.
 */
export function decodeFrames(data: Buffer, from: number, enough: number): Decoded {
  const events: StoredEvent[] = [];
  let next = from;
  let end = 0;
  for (let offset = frameAt(data, 0); offset !== -1 && events.length < enough;) {
    const frame = frameOf(data, offset);
    if (frame === undefined) {
      offset = frameAt(data, offset + 1);
      continue;
    }
    for (const [index, event] of frame.events.entries()) {
      const number = frame.first + index;
      if (number < next) continue;
      next = number + 1;
      if (event !== undefined) events.push({ number, at: frame.at, event });
    }
    end = frame.end;
    offset = frameAt(data, end);
  }
  return { events, end };
}

/** Returns the offset of the next `@` at the beginning of a line; -1 if there is none. */
function frameAt(data: Buffer, from: number): number {
  for (let offset = data.indexOf(AT, from); offset !== -1; offset = data.indexOf(AT, offset + 1)) {
    if (offset === 0 || data[offset - 1] === LINE_END) return offset;
  }
  return -1;
}

interface Frame {
  readonly first: number;
  readonly at: number;
  /** The events of the frame; undefined for a line that is no event. */
  readonly events: readonly (SerialisedEvent | undefined)[];
  readonly end: number;
}

function frameOf(data: Buffer, offset: number): Frame | undefined {
  const headEnd = data.subarray(offset, offset + MAX_HEAD).indexOf(LINE_END);
  if (headEnd === -1) return undefined;
  const head = HEAD.exec(data.toString('latin1', offset, offset + headEnd));
  if (head === null) return undefined;
  const [first, count, at, bytes] = head.slice(2, 6).map(Number) as [number, number, number, number];
  const body = data.subarray(offset + headEnd + 1, offset + headEnd + 1 + bytes);
  if (body.length < bytes || crcOf(head[1]!, body) !== head[6]) return undefined;
  const decoded = decodeLines(body.toString());
  if (decoded.length !== count) return undefined;
  return { first, at, events: decoded, end: offset + headEnd + 1 + bytes };
}
