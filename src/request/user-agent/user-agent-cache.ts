/** Reads what clients say of themselves, and keeps it: what was parsed once is not parsed again. */
import type { IncomingRequest } from '../../model/http.js';
import { flattenString } from '../../utils/flatten-string.js';
import { clip } from '../text-decoding.js';
import { isBotClient } from './bots.js';
import { HINT_HEADERS, parseHints, rawHint, type RawHints } from './client-hints.js';
import { parseUserAgent, UNKNOWN_CLIENT, type UserAgent } from './user-agent.js';

type Headers = IncomingRequest['headers'];

/** One object for all requests of like clients. The first parameter is the header of that name, '' without one. */
export type UserAgentReader = (userAgent: string, headers: Headers) => UserAgent;

/** What a rule or a report needs of longer ones stands in their first part. */
const MAX_LENGTH = 512;
/** Nearly all who have one user agent differ in their brand at most: Chrome, Brave, some build of either. */
const MAX_SEEN = 4;

/** What was seen last of the clients with one user agent. */
interface Seen {
  readonly text: string;
  readonly clients: { readonly hints: RawHints; readonly client: UserAgent }[];
  /** Which of them the next one takes the place of. */
  next: number;
}

/** Keeps the `2 * limit` clients used last (default: 4,000; about 1 KB each, and 10 KB of such as no browser sends). */
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
    // No header has a line feed in it.
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
    const hints = HINT_HEADERS.map((_, place) => rawHint(headers, place));
    if (seen.text === '' && hints.every((hint) => hint === undefined)) return UNKNOWN_CLIENT;
    const client = read(seen.text, hints);
    seen.clients[seen.next] = { hints, client };
    seen.next = (seen.next + 1) % MAX_SEEN;
    return client;
  };
}

function isSame(hints: RawHints, headers: Headers): boolean {
  for (let place = 0; place < hints.length; place++)
    if (rawHint(headers, place) !== hints[place]) return false;
  return true;
}

/**
 * A bounded cache of two generations: entries that were not used while a whole generation filled up are forgotten.
 * An LRU that deletes the oldest key of one Map costs the more the larger it is; this does not.
 */
export interface Cache<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  readonly size: number;
}

/** Holds at most `2 * limit` entries. */
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
