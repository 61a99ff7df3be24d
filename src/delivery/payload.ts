/**
 * Builds the JSON body that is posted to Convert's tracking endpoint. Each event is turned into JSON text once, when it
 * is offered. So its size in bytes is known from then on, and a batch is built by joining texts:
 *
 *     {"enrichData":true,"accountId":"…","projectId":"…","source":"…","visitors":[ENTRY,…]}
 *     ENTRY = {"visitorId":"…","segments":{…},"events":[  +  EVENT,…  +  ]}
 *
 * Each visitor has one entry. The segments of an entry hold for all its events, so a visitor whose segments change from
 * one event to the next gets another entry. The entries of a visitor, and the events in an entry, stand in the order in
 * which the events were offered.
 */
import type { VisitorEvent } from '../model/tracking-event.js';
import { BYTES } from '../utils/node/bytes.js';
import { isObject, ownValue } from '../utils/objects.js';
import type { Destination } from './types.js';

/** An event as JSON text, with the visitor's id and the sizes that a batch is built from. */
export interface SerialisedEvent {
  readonly visitorId: string;
  /**
   * The beginning of the visitor's entry in the payload, up to its first event:
   * `{"visitorId":"…","segments":{…},"events":[`.
   */
  readonly head: string;
  readonly text: string;
  /** The UTF-8 bytes that the event takes in a batch at most, namely if it gets an entry of its own. */
  readonly bytes: number;
}

export interface PayloadOptions {
  /** If true, Convert counts only the first exposure of a visitor. So an exposure that is sent twice does no harm. */
  readonly enrichData: boolean;
  /** The name and version of the software that sends the events; if undefined, the payload has no such field. */
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
 * Turns an event into JSON text. `before` is the event that was serialised just before: if both have the same visitor
 * and segments, the text of these is used again. Throws if JSON cannot hold the event (a BigInt, a cycle) or if the
 * visitor's id is no text.
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

/**
 * Makes an event from the texts `head` and `text` that `serialise` made. Returns undefined for other texts. Never
 * throws.
 */
export function restore(head: string, text: string): SerialisedEvent | undefined {
  try {
    const entry: unknown = JSON.parse(head + text + ENTRY_END);
    const visitorId = isObject(entry) ? ownValue(entry, 'visitorId') : undefined;
    if (typeof visitorId !== 'string' || !head.startsWith(HEAD)) return undefined;
    const bytes = BYTES.lengthOf(head) + BYTES.lengthOf(text);
    return { visitorId, head, text, bytes: bytes + ENTRY_END.length + SEPARATOR.length };
  } catch {
    return undefined;
  }
}

/** The head of a visitor's entry is `HEAD`, the visitor's id as JSON, and the text that `headEnd` returns. */
const HEAD = '{"visitorId":';
const EVENTS = ',"events":[';
const NO_SEGMENTS: Text = { text: EVENTS, bytes: EVENTS.length };

/**
 * The JSON texts of frozen events and segments, so that each is made once. All visitors of a variation share one frozen
 * exposure, and visitors with the same properties may share one frozen object of segments.
 */
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
  // Two levels are enough: the frozen events and segments of this package are nested no deeper.
  if (Object.isFrozen(value) && Object.values(value).every(Object.isFrozen)) texts.set(value, made);
  return made;
}

function headEnd(segments: object): Text {
  const json = toJson(segments);
  return json === '{}' ? NO_SEGMENTS : sized(`,"segments":${json}${EVENTS}`);
}

const asText = (value: object): Text => sized(toJson(value));

const sized = (text: string): Text => ({ text, bytes: BYTES.lengthOf(text) });

/**
 * Text of ASCII characters that JSON does not escape. Generated ids, and nearly all ids that apps give, are such text.
 */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** Returns a visitor's id as JSON text. */
function idText(id: unknown): Text {
  if (typeof id !== 'string') throw new TypeError('a visitor id must be text');
  return PLAIN.test(id) ? { text: `"${id}"`, bytes: id.length + 2 } : sized(JSON.stringify(id));
}

/** Returns the JSON text of one POST. */
export function buildPayload(
  events: readonly SerialisedEvent[],
  destination: Destination,
  options: PayloadOptions,
): string {
  const heads: string[] = [];
  const texts: string[] = [];
  /** The index of each visitor's last entry in `heads`, by the visitor's id. */
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
  const entries = heads.map((head, index) => head + texts[index]! + ENTRY_END);
  return payloadHead(destination, options) + entries.join(SEPARATOR) + PAYLOAD_END;
}

/** Returns the UTF-8 bytes that a payload has beside its events. */
export function envelopeBytes(destination: Destination, options: PayloadOptions): number {
  return BYTES.lengthOf(payloadHead(destination, options)) + PAYLOAD_END.length;
}

function payloadHead({ accountId, projectId }: Destination, { enrichData, source }: PayloadOptions): string {
  const fields = JSON.stringify({ enrichData, accountId, projectId, source });
  return `${fields.slice(0, -1)},"visitors":[`;
}

function toJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('not JSON');
  return MAY_HOLD_CONTROLS.test(text) ? JSON.stringify(value, withoutControls) : text;
}

/** Matches each JSON text that holds control characters, escaped or not, and few others. */
const MAY_HOLD_CONTROLS = /\\[bfnrtu]|[\x7f-\x9f]/;
const CONTROLS = /\p{Cc}+/gu;

/** Puts a space in place of control characters: firewalls refuse a whole batch for one of them. */
function withoutControls(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(CONTROLS, ' ') : value;
}

/**
 * Encodes events as text for disk and Redis, one line for each event. A tab can divide the line, since the JSON text of
 * an event holds neither tabs nor line ends:
 *
 *     <head of the visitor's entry>TAB<event>
 */
export function encodeLines(events: readonly SerialisedEvent[]): string {
  let lines = '';
  for (const { head, text } of events) lines += `${head}\t${text}\n`;
  return lines;
}

/** Returns one event for each line of the text; undefined for a line that is no event. Never throws. */
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
