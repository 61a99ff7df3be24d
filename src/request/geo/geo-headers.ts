/** Geo readers that take the visitor's place from request headers, which a platform or the site's own proxy has set. */
import { headerText } from '../../model/http.js';
import { clip, headerDecoded } from '../text-decoding.js';
import type { WarnOnce } from '../../utils/operator-log.js';
import type { GeoDocument, GeoFact, GeoFacts, GeoHeaders, GeoReader } from './types.js';

/** The number of characters of a header that are read. Platforms send shorter headers. */
const MAX_HEADER = 512;
/**
 * The number of first requests that must all lack the headers of a platform. Then a warning says that the platform is
 * not there.
 */
const PATIENCE = 100;

/**
 * Makes a reader of one header per fact. `warnOnce` is called once, if the first hundred requests have none of the
 * headers.
 */
export function headerReader(name: string, headers: GeoHeaders, warnOnce: WarnOnce): GeoReader {
  const entries = Object.entries(headers) as [GeoFact, string][];
  const watch = watchFor(name, Object.values(headers), warnOnce);
  return {
    name,
    needsRequest: true,
    read(request) {
      const facts: { [Fact in GeoFact]?: string } = {};
      let came = false;
      for (const [fact, header] of entries) {
        const text: unknown = headerText(request.headers[header]);
        if (typeof text !== 'string') continue;
        came = true;
        facts[fact] = headerDecoded(clip(text, MAX_HEADER));
      }
      watch(came);
      return facts;
    },
  };
}

/**
 * Makes a reader of one header with all facts. `warnOnce` is called once, if the first hundred requests do not have the
 * header.
 */
export function documentReader(name: string, document: GeoDocument, warnOnce: WarnOnce): GeoReader {
  const watch = watchFor(name, [document.header], warnOnce);
  return {
    name,
    needsRequest: true,
    read(request) {
      const text: unknown = headerText(request.headers[document.header]);
      watch(typeof text === 'string');
      if (typeof text !== 'string') return {};
      try {
        return document.parse(text) as GeoFacts;
      } catch {
        // The platform does not send such a header, so a client has made it up. The place is unknown.
        return {};
      }
    },
  };
}

function watchFor(name: string, headers: readonly string[], warnOnce: WarnOnce): (came: boolean) => void {
  let left = PATIENCE;
  return (came) => {
    if (left === 0) return;
    left = came ? 0 : left - 1;
    if (came || left > 0) return;
    warnOnce(
      'CONVERT_GEO_HEADERS',
      `geo '${name}': the first ${PATIENCE} requests whose place was asked for came without ` +
        `${headers.join(', ')}, so it` +
        ' is unknown; is the platform in front of this server, and set up to send them?',
      headers.join(),
    );
  };
}
