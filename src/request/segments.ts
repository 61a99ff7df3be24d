/** Report segments, in Convert's codes whatever words the rules use and whatever properties the app adds. */
import type { ReportSegments } from '../tracking.js';
import { createCache, type Cache } from './cache.js';
import type { LazyProperties } from './properties.js';
import type { SharedFacts } from './shared-facts.js';
import { trafficSource } from './source.js';
import { urlHostname } from './target.js';

/** Visitors of a kind share one object: it is made, and turned into JSON, once for them all. */
export type KnownSegments = Cache<ReportSegments>;

/** There are few kinds, but campaigns are what the client says they are. */
export const knownSegments = (): KnownSegments => createCache(500);

export function reportSegments(
  facts: SharedFacts,
  location: LazyProperties,
  visitor: LazyProperties,
  known: KnownSegments,
): ReportSegments {
  const { country } = facts.place;
  const campaign = text(visitor, 'utm_campaign');
  const source = trafficSource({
    campaign,
    medium: text(visitor, 'utm_medium'),
    referrer: urlHostname(text(location, 'referrer') ?? ''),
    hostname: facts.hostname,
  });
  const { browserCode, deviceCodes } = facts.userAgent;
  const visitorType = text(visitor, 'visitorType');
  const kind = `${country}\n${browserCode}\n${deviceCodes.join()}\n${source}\n${visitorType}\n${campaign}`;
  let segments = known.get(kind);
  if (segments === undefined) {
    segments = Object.freeze({
      ...(country !== undefined && { country }),
      browser: browserCode,
      devices: deviceCodes as string[],
      source,
      ...(campaign !== undefined && { campaign }),
      visitorType,
    });
    known.set(kind, segments);
  }
  return segments;
}

/** A text that is there and not empty. */
function text(properties: LazyProperties, name: string): string | undefined {
  return (properties.default(name) as string | undefined) || undefined;
}
