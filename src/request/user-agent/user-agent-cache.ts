/** Parses user agents and client hints, and caches the results, since parsing is slow and most clients are alike. */
import type { IncomingRequest } from '../../model/http.js';
import { flattenString } from '../../utils/flatten-string.js';
import { LruMap } from '../../utils/lru-map.js';
import { clip } from '../text-decoding.js';
import { isBotClient } from './bots.js';
import { HINT_HEADERS, parseHints, rawHint } from './client-hints.js';
import { parseUserAgent, UNKNOWN_CLIENT, type UserAgent } from './user-agent.js';

/** Returns one object for all requests of equal clients. `userAgent` is the User-Agent header, '' if there is none. */
export type UserAgentReader = (userAgent: string, headers: IncomingRequest['headers']) => UserAgent;

/** The number of characters of a user agent that are parsed. The parts that rules and reports need are at its start. */
const MAX_LENGTH = 512;
/** The number of clients in the cache: about 1 KB each, and 3 KB at worst. */
const MAX_CLIENTS = 4_000;

/** Makes a reader that caches up to `max` clients. */
export function createUserAgentReader(max = MAX_CLIENTS, parse = parseUserAgent): UserAgentReader {
  const clients = new LruMap<UserAgent>({ max });
  return (userAgent, headers) => {
    const text = clip(userAgent, MAX_LENGTH);
    const hints = HINT_HEADERS.map((_, index) => rawHint(headers, index));
    if (text === '' && hints.every((hint) => hint === undefined)) return UNKNOWN_CLIENT;
    // A line feed separates the parts, since no header has one in it.
    const key = `${text}\n${hints.join('\n')}`;
    const known = clients.find(key);
    if (known !== undefined) {
      clients.use(known);
      return known.value;
    }
    // The cached names must not keep a long header in memory of which they are parts.
    const client = parse(flattenString(text), parseHints(hints), isBotClient(text, hints[0]));
    clients.add(key, client);
    return client;
  };
}
