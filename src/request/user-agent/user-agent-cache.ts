/** Parses user agents and client hints, and caches the results, since parsing is slow and most clients are alike. */
import type { IncomingRequest } from '../../model/http.js';
import { flattenString } from '../../utils/flatten-string.js';
import { clip } from '../text-decoding.js';
import { isBotClient } from './bots.js';
import { HINT_HEADERS, parseHints, rawHint, type RawHints } from './client-hints.js';
import { parseUserAgent, UNKNOWN_CLIENT, type UserAgent } from './user-agent.js';

type Headers = IncomingRequest['headers'];

/** Returns one object for all requests of equal clients. `userAgent` is the User-Agent header, '' if there is none. */
export type UserAgentReader = (userAgent: string, headers: Headers) => UserAgent;

/** The number of characters of a user agent that are parsed. The parts that rules and reports need are at its start. */
const MAX_LENGTH = 512;
/** The number of clients that are remembered per user agent. Clients with the same user agent differ in few hints. */
const MAX_SEEN = 4;

/** The last clients with one user agent. */
interface Seen {
  readonly text: string;
  readonly clients: { readonly hints: RawHints; readonly client: UserAgent }[];
  /** The index in `clients` of the client that the next new client replaces. */
  next: number;
}

/** Makes a reader that caches up to `2 * limit` clients (default 4,000), of about 1 KB each and 10 KB at worst. */
export function createUserAgentReader(limit = 2000, parse = parseUserAgent): UserAgentReader {
  const known = createCache<UserAgent>(limit);
  const agents = createCache<Seen>(limit);
  const seenOf = (header: string): Seen => {
    const text = clip(header, MAX_LENGTH);
    let seen = agents.get(text);
    if (seen === undefined) {
      seen = { text: header.length > MAX_LENGTH ? flattenString(text) : text, clients: [], next: 0 };
      agents.set(seen.text, seen);
    }
    return seen;
  };

  function read(text: string, hints: RawHints): UserAgent {
    // A line feed separates the parts, since no header has one in it.
    const key = `${text}\n${hints.join('\n')}`;
    let client = known.get(key);
    if (client === undefined) {
      client = parse(text, parseHints(hints), isBotClient(text, hints[0]));
      known.set(key, client);
    }
    return client;
  }

  return (userAgent, headers) => {
    const seen = seenOf(userAgent);
    for (const { hints, client } of seen.clients) if (isSame(hints, headers)) return client;
    const hints = HINT_HEADERS.map((_, index) => rawHint(headers, index));
    if (seen.text === '' && hints.every((hint) => hint === undefined)) return UNKNOWN_CLIENT;
    const client = read(seen.text, hints);
    seen.clients[seen.next] = { hints, client };
    seen.next = (seen.next + 1) % MAX_SEEN;
    return client;
  };
}

function isSame(hints: RawHints, headers: Headers): boolean {
  for (let index = 0; index < hints.length; index++)
    if (rawHint(headers, index) !== hints[index]) return false;
  return true;
}

/**
 * A bounded cache of two generations of entries. If a generation is full, the one before it is dropped, with all
 * entries that were not used meanwhile. An LRU cache that deletes the oldest key of one Map gets slower the larger it
 * is; this cache does not.
 */
export interface Cache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  readonly size: number;
}

/** Makes a cache that holds at most `2 * limit` entries. */
export function createCache<Value>(limit: number): Cache<Value> {
  let young = new Map<string, Value>();
  let old = new Map<string, Value>();
  const set = (key: string, value: Value): void => {
    if (young.size >= limit && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) return value;
      const aged = old.get(key);
      if (aged !== undefined) {
        old.delete(key);
        set(key, aged);
      }
      return aged;
    },
    set,
    get size() {
      return young.size + old.size;
    },
  };
}
