/** Parses user agents and client hints, and caches the results, since parsing is slow and most clients are alike. */
import type { IncomingRequest } from '../../model/http.js';
import { flattenString } from '../../utils/flatten-string.js';
import type { LazyModule } from '../../utils/lazy-module.js';
import { LruMap } from '../../utils/lru-map.js';
import { clip } from '../text-decoding.js';
import { HINT_HEADERS, parseHints, rawHint, type RawHints } from './client-hints.js';
import { userAgentParser, type UserAgentParser } from './parser.js';
import { UNKNOWN_CLIENT, type UserAgent } from './user-agent.js';

type Headers = IncomingRequest['headers'];

/** Returns one object for all requests of equal clients. `userAgent` is the User-Agent header, '' if there is none. */
export type UserAgentReader = (userAgent: string, headers: Headers) => UserAgent;

/** The number of characters of a user agent that are parsed. The parts that rules and reports need are at its start. */
const MAX_LENGTH = 512;
/** The number of clients in the cache, which bounds its memory. */
const MAX_CLIENTS = 4_000;

/** The client that came last with one user agent. */
interface Last {
  hints: RawHints;
  client: UserAgent;
}

/** Makes a reader that caches up to `max` clients. */
export function createUserAgentReader(
  max = MAX_CLIENTS,
  parser: Pick<LazyModule<UserAgentParser>, 'loaded'> = userAgentParser,
): UserAgentReader {
  const clients = new LruMap<UserAgent>({ max });
  // The next client with a user agent mostly has the same hints: to compare them is cheaper than to make the key of
  // `clients` (bench/http).
  const last = new LruMap<Last>({ max });

  function read(text: string, hints: RawHints, parser: UserAgentParser): UserAgent {
    // A line feed separates the parts, since no header has one in it.
    const key = `${text}\n${hints.join('\n')}`;
    const known = clients.find(key);
    if (known !== undefined) {
      clients.use(known);
      return known.value;
    }
    const isBot = parser.isBotClient(text, hints[0]);
    const client = parser.parseUserAgent(text, parseHints(hints), isBot);
    clients.add(key, client);
    return client;
  }

  return (userAgent, headers) => {
    const text = clip(userAgent, MAX_LENGTH);
    const seen = last.find(text);
    if (seen !== undefined) {
      last.use(seen);
      if (isSame(seen.value.hints, headers)) return seen.value.client;
    }
    const hints = HINT_HEADERS.map((_, index) => rawHint(headers, index));
    const { loaded } = parser;
    if (loaded === undefined || (text === '' && hints.every((hint) => hint === undefined)))
      return UNKNOWN_CLIENT;
    // The cached parts must not keep a long header in memory.
    const flat = flattenString(text);
    const client = read(flat, hints, loaded);
    if (seen === undefined) last.add(flat, { hints, client });
    else seen.value = { hints, client };
    return client;
  };
}

function isSame(hints: RawHints, headers: Headers): boolean {
  for (let index = 0; index < hints.length; index++)
    if (rawHint(headers, index) !== hints[index]) return false;
  return true;
}
