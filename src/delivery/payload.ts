/**
 * Builds the JSON body that is posted to Convert's tracking endpoint. Every event is turned into JSON text once, when
 * it is offered: that tells its size in bytes, and a batch is then only texts joined to
 *
 *     {"enrichData":true,"accountId":"…","projectId":"…","source":"…","visitors":[ENTRY,…]}
 *     ENTRY = {"visitorId":"…","segments":{…},"events":[  +  EVENT,…  +  ]}
 *
 * One entry per visitor. The segments of an entry hold for all its events, so a visitor whose segments differ from
 * one event to the next gets a further entry; the entries of a visitor, and the events in them, stand in the order
 * in which they were offered.
 */
import type { VisitorEvent } from '../model/tracking-event.js';
import type { Destination } from './types.js';

/** An event as JSON text, and the rest that a batch needs of it. */
export interface SerialisedEvent {
  readonly visitorId: string;
  /** The entry that this event belongs to, up to its first event. */
  readonly head: string;
  readonly text: string;
  /** UTF-8 bytes that the event takes in a batch at most: with an entry of its own. */
  readonly bytes: number;
}

export interface PayloadOptions {
  /** True lets Convert count only the first exposure of a visitor, which makes at-least-once harmless. */
  readonly enrichData: boolean;
  /** The name and version of the software that sends the events; left out when undefined. */
  readonly source: string | undefined;
}

const ENTRY_END = ']}';
const PAYLOAD_END = ']}';
const SEPARATOR = ',';

/** A part of a batch, and the UTF-8 bytes that it takes. */
interface Text {
  readonly text: string;
  readonly bytes: number;
}

/**
 * `before` is an event that was serialised just now: events of one request share visitor and segments, and so the
 * text of both. Throws on what JSON cannot hold (a BigInt, a cycle, an id that is no text).
 */
export function serialise(
  event: VisitorEvent,
  before?: { readonly event: VisitorEvent; readonly serialised: SerialisedEvent },
): SerialisedEvent {
  const { visitorId, segments } = event;
  const id = idText(visitorId);
  const rest = segments === undefined ? NO_SEGMENTS : known(segmentTexts, segments, headEnd);
  const { text, bytes } = known(eventTexts, event.event, asText);
  const isLike = before && before.event.visitorId === visitorId && before.event.segments === segments;
  return {
    visitorId,
    head: isLike ? before.serialised.head : HEAD + id.text + rest.text,
    text,
    bytes: HEAD.length + id.bytes + rest.bytes + bytes + ENTRY_END.length + SEPARATOR.length,
  };
}

/** The beginning of the head of every event of this visitor, and of no other visitor. */
export function headOf(visitorId: string): string {
  return HEAD + idText(visitorId).text;
}

/** The reverse of `serialise`, from its texts; undefined for other texts. Never throws. */
export function restore(head: string, text: string): SerialisedEvent | undefined {
  try {
    const { visitorId } = JSON.parse(head + text + ENTRY_END) as { visitorId?: unknown };
    if (typeof visitorId !== 'string' || !head.startsWith(HEAD)) return undefined;
    const bytes = Buffer.byteLength(head) + Buffer.byteLength(text);
    return { visitorId, head, text, bytes: bytes + ENTRY_END.length + SEPARATOR.length };
  } catch {
    return undefined;
  }
}

/** The text of a visitor's entry: this, the id as JSON, and what `headEnd` gives. */
const HEAD = '{"visitorId":';
const EVENTS = ',"events":[';
const NO_SEGMENTS: Text = { text: EVENTS, bytes: EVENTS.length };

/** All visitors of a variation share the frozen event of its exposure, and visitors of a kind their frozen segments. */
const eventTexts = new WeakMap<object, Text>();
const segmentTexts = new WeakMap<object, Text>();

function known<Value extends object>(
  texts: WeakMap<object, Text>,
  value: Value,
  make: (value: Value) => Text,
): Text {
  const before = texts.get(value);
  if (before !== undefined) return before;
  const made = make(value);
  // Our frozen objects are nested no deeper.
  if (Object.isFrozen(value) && Object.values(value).every(Object.isFrozen)) texts.set(value, made);
  return made;
}

function headEnd(segments: object): Text {
  const json = toJson(segments);
  return json === '{}' ? NO_SEGMENTS : sized(`,"segments":${json}${EVENTS}`);
}

const asText = (value: object): Text => sized(toJson(value));

const sized = (text: string): Text => ({ text, bytes: Buffer.byteLength(text) });

/** Our ids, and nearly all ids of apps, stand in JSON as they are. */
function idText(id: unknown): Text {
  if (typeof id !== 'string') throw new TypeError('a visitor id must be text');
  for (let at = 0; at < id.length; at++) {
    const code = id.charCodeAt(at);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) return sized(JSON.stringify(id));
  }
  return { text: `"${id}"`, bytes: id.length + 2 };
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

/** The JSON text of one POST. */
export function buildPayload(
  events: readonly SerialisedEvent[],
  destination: Destination,
  options: PayloadOptions,
): string {
  const heads: string[] = [];
  const texts: string[] = [];
  /** The index of a visitor's last entry. */
  const latest = new Map<string, number>();
  for (const { visitorId, head, text } of events) {
    const index = latest.get(visitorId);
    if (index !== undefined && heads[index] === head) {
      texts[index] += SEPARATOR + text;
      continue;
    }
    latest.set(visitorId, heads.length);
    heads.push(head);
    texts.push(text);
  }
  const parts = [payloadHead(destination, options)];
  for (let index = 0; index < heads.length; index++) {
    parts.push(index > 0 ? SEPARATOR : '', heads[index]!, texts[index]!, ENTRY_END);
  }
  parts.push(PAYLOAD_END);
  return parts.join('');
}

/** UTF-8 bytes of a payload beside its events. */
export function envelopeBytes(destination: Destination, options: PayloadOptions): number {
  return Buffer.byteLength(payloadHead(destination, options)) + PAYLOAD_END.length;
}

function payloadHead({ accountId, projectId }: Destination, { enrichData, source }: PayloadOptions): string {
  const fields = JSON.stringify({ enrichData, accountId, projectId, source });
  return `${fields.slice(0, -1)},"visitors":[`;
}

function toJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('not JSON');
  return text;
}

/**
 * Encodes events as text for disk and Redis, a line for each. JSON has neither tabs nor line ends:
 *
 *     <head of the visitor's entry>TAB<event>
 */
export function encodeLines(events: readonly SerialisedEvent[]): string {
  let lines = '';
  for (const { head, text } of events) lines += `${head}\t${text}\n`;
  return lines;
}

/** undefined for a line that is no event. Never throws. */
export function decodeLines(text: string): (SerialisedEvent | undefined)[] {
  const lines = text.split('\n');
  // The text after the last line end is no line.
  lines.pop();
  return lines.map(decodeLine);
}

function decodeLine(line: string): SerialisedEvent | undefined {
  const tab = line.indexOf('\t');
  return tab === -1 ? undefined : restore(line.slice(0, tab), line.slice(tab + 1));
}
