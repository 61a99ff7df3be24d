/** A collector that looks at what it gets, and keeps nothing. */
import { createServer } from 'node:http';
import { SEGMENT_KEYS } from '../../src/model/tracking-event.js';
import { listen, stop } from '../adapters/harness.js';
import type { Payload } from '../support/collector.js';

export interface Sink {
  readonly url: string;
  readonly events: number;
  /** What was wrong with events: at most some. */
  readonly wrong: readonly string[];
  close(): Promise<void>;
}

const MAX_TEXT = 256;
const MAX_WRONG = 20;
const KNOWN: ReadonlySet<string> = new Set(SEGMENT_KEYS);

export async function startSink(): Promise<Sink> {
  const wrong: string[] = [];
  let events = 0;
  const check = ({ visitors }: Payload): void => {
    for (const { visitorId, segments = {}, events: sent } of visitors) {
      events += sent.length;
      const texts: [string, unknown][] = [['visitorId', visitorId]];
      for (const [key, value] of Object.entries(segments)) {
        if (!KNOWN.has(key)) wrong.push(`segment ${key}`);
        for (const each of [value].flat()) texts.push([`segment ${key}`, each]);
      }
      for (const { eventType, data } of sent) {
        if (eventType !== 'bucketing' && eventType !== 'conversion') wrong.push('eventType');
        for (const [key, value] of Object.entries(data))
          if (typeof value !== 'object') texts.push([`data ${key}`, value]);
      }
      for (const [name, value] of texts) {
        if (typeof value !== 'string' || value === '' || value.length > MAX_TEXT) {
          wrong.push(`${name}: ${typeof value === 'string' ? `${value.length} characters` : typeof value}`);
        }
      }
    }
    wrong.length = Math.min(wrong.length, MAX_WRONG);
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      try {
        check(JSON.parse(Buffer.concat(parts).toString('utf8')) as Payload);
      } catch (error) {
        wrong.push(`a batch that can't be read: ${String(error)}`);
      }
      response.end('{}');
    });
  });
  const url = await listen(server);
  return {
    url,
    wrong,
    get events() {
      return events;
    },
    close: () => stop(server),
  };
}
