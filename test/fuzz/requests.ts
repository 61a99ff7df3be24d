/** Hostile requests: drawn from the tables, and those of the corpus. */
import { readdirSync, readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { BODIES, CHROME, COOKIES, HEADERS, METHODS, ODD_COOKIES, PARAMETERS, PATHS } from './tables.js';
import { bytes, inHeader } from './texts.js';

export interface FuzzRequest {
  readonly method: string;
  /** Everything, in Latin-1. */
  readonly wire: string;
}

/** Node takes no longer heads; now and then one is. */
const MAX_HEAD = 16_000;
/** Drawn once per row: fast-check makes some ten thousand values a second, and a run needs millions. */
const DRAWN = 200;

export type Random = () => number;

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Drawn {
  readonly headers: readonly Row[];
  readonly cookies: readonly Row[];
  readonly parameters: readonly Row[];
  readonly paths: readonly string[];
  readonly bodies: readonly string[];
  /** Values of headers, for anywhere. */
  readonly lone: readonly string[];
}
type Row = readonly [name: string, values: readonly string[]];

const known = new Map<number, Drawn>();

/** The frameworks get the same. */
function drawnFor(seed: number): Drawn {
  const before = known.get(seed);
  if (before !== undefined) return before;
  const drawn = (arbitrary: Arbitrary<string>): string[] => fc.sample(arbitrary, { seed, numRuns: DRAWN });
  const rows = (table: Readonly<Record<string, Arbitrary<string>>>): Row[] =>
    Object.entries(table).map(([name, arbitrary]) => [name, drawn(arbitrary)]);
  const headers = rows(HEADERS);
  const all: Drawn = {
    headers,
    cookies: rows(COOKIES),
    parameters: rows(PARAMETERS),
    paths: drawn(PATHS),
    bodies: drawn(BODIES),
    lone: headers.flatMap(([, values]) => values.slice(0, 20)),
  };
  known.set(seed, all);
  return all;
}

/** Requests without end; the same for the same seed. */
export function requestsFrom(seed: number): () => FuzzRequest {
  const random = randomFrom(seed);
  const chance = (probability: number): boolean => random() < probability;
  const upTo = (max: number): number => Math.floor(random() * (max + 1));
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const { headers, cookies, parameters, paths, bodies, lone } = drawnFor(seed);

  /** Values of one row are not all that there is: they are spoilt on the way. */
  const spoilt = (text: string): string => {
    if (chance(0.8)) return text;
    const at = upTo(text.length);
    switch (upTo(4)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + String.fromCharCode(upTo(255)) + text.slice(at + 1);
      case 2:
        return text.slice(0, at) + one(lone) + text.slice(at);
      case 3:
        return text.repeat(1 + upTo(8));
      default:
        return `"${text}"`;
    }
  };

  const cookieHeader = (): string => {
    if (chance(0.03)) return Array.from({ length: upTo(3000) }, (_, n) => `c${n}=1`).join('; ');
    const pairs = Array.from({ length: upTo(8) }, () => {
      const [name, values] = one(cookies);
      return `${chance(0.05) ? one(ODD_COOKIES) : name}=${spoilt(one(values))}`;
    });
    // The visitor comes back, and has consented: else nothing behind that would be reached.
    if (chance(0.7)) pairs.push('consent=granted');
    if (chance(0.5)) pairs.push(`cv_vid=${one(['v1', 'v2', 'v3'])}`);
    if (chance(0.2)) pairs.push(...pairs);
    return pairs.join(one(['; ', ';', ' ;', ', ']));
  };

  const target = (): string => {
    const query = Array.from({ length: upTo(6) }, () => {
      const [name, values] = one(parameters);
      return `${name}=${spoilt(one(values))}`;
    });
    if (chance(0.02)) query.push(`x=${'&'.repeat(upTo(8000))}`);
    const path = chance(0.5) ? one(['/', '/pricing']) : one(paths);
    return path + (query.length > 0 ? `?${query.join('&')}` : '');
  };

  return () => {
    const method = chance(0.75) ? 'GET' : one(METHODS);
    const body = method === 'GET' || method === 'HEAD' ? '' : one(bodies);
    const hasBytes = chance(0.02);
    // Other bytes end the connection before anybody reads them.
    const written = inTarget(target(), !hasBytes);
    let wire = `${method} ${written} HTTP/1.1\r\n`;
    // Before all that may be cut off: without it a body would be another request.
    if (body !== '' || chance(0.1)) wire += `Content-Length: ${body.length}\r\n`;
    const add = (name: string, given: string): void => {
      const value = hasBytes ? given.replace(/[\r\n]/g, '?') : inHeader(given);
      const room = MAX_HEAD - wire.length - name.length;
      if (room > 0 || chance(0.01))
        wire += `${name}: ${chance(0.01) ? value : value.slice(0, Math.max(0, room))}\r\n`;
    };
    add(
      'Host',
      chance(0.9) ? 'shop.example' : spoilt(one(['localhost:3000', '[::1]:80', 'shop.example:x', ''])),
    );
    if (chance(0.6)) add('User-Agent', CHROME);
    if (chance(0.9)) add('Cookie', cookieHeader());
    if (chance(0.02)) add('Cookie', cookieHeader());
    for (let left = upTo(10); left > 0; left--) {
      const [name, values] = one(headers);
      add(chance(0.1) ? name.toLowerCase() : name, spoilt(one(values)));
    }
    return { method, wire: `${wire}\r\n${body}` };
  };
}

/** As the parser takes it: no space, no control character; beyond ASCII only as escapes. */
function inTarget(text: string, isClean: boolean): string {
  if (!isClean) return text.replace(/[ \r\n]/g, '+');
  return text.replace(/[^\x21-\x7e]/g, (each) => `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * Each file of the corpus holds requests, one behind the other, with a line of `###` and what it is between them. A
 * line of a head may have bytes (`\xff`), and repeats: `{a, *100}` is a hundred times `a, `. Of a request with a body,
 * the length is filled in.
 */
export function corpus(
  folder = new URL('corpus/', import.meta.url),
): (FuzzRequest & { readonly name: string })[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.http'))
    .flatMap((file) =>
      readFileSync(new URL(file, folder), 'utf8')
        .split(/^###(?= )/m)
        .slice(1),
    )
    .map((entry) => {
      const [title = '', ...lines] = entry.replace(/\n+$/, '').split('\n');
      const blank = lines.indexOf('');
      const head = (blank === -1 ? lines : lines.slice(0, blank)).map(expanded);
      const body = blank === -1 ? '' : bytes(lines.slice(blank + 1).join('\n'));
      if (!head.some((line) => /^host:/i.test(line))) head.push('Host: shop.example');
      if (body !== '') head.push(`Content-Length: ${body.length}`);
      const [method = ''] = (head[0] ?? '').split(' ');
      return { name: title.trim(), method, wire: `${head.join('\r\n')}\r\n\r\n${body}` };
    });
}

function expanded(line: string): string {
  return bytes(line)
    .replace(/\{(.+?)\*(\d+)\}/g, (_, text: string, times) => text.repeat(Number(times)))
    .replace(/\\x([0-9a-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
