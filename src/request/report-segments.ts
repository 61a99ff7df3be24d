/** Makes the report segments of a request: the properties by which Convert's reports are filtered. */
import type { ReportSegments } from '../model/tracking-event.js';
import { flattenString } from '../utils/flatten-string.js';
import type { RequestFactsCache } from './request-facts.js';
import type { UserAgent } from './user-agent/user-agent.js';

/** Report segments that were made before, by the parsed user agent: equal user agents are one object. */
export type KnownSegments = WeakMap<UserAgent, ReportSegments[]>;

/**
 * The most report segments that are kept for one user agent. A client can invent any number of campaigns, which come
 * from the URL, so all segments of the user agent are dropped if there are more.
 */
const MAX_KINDS = 32;

/** Returns one object for all requests with the same segments, so that its JSON is made once. */
export function reportSegments(facts: RequestFactsCache, kinds: KnownSegments): ReportSegments {
  const { userAgent, visitorType } = facts;
  const { country } = facts.geoLocation;
  const { source } = facts.attribution;
  const campaign = facts.attribution.campaign || undefined;
  let known = kinds.get(userAgent);
  if (known === undefined) kinds.set(userAgent, (known = []));
  for (const each of known) {
    const isSame =
      each.source === source &&
      each.visitorType === visitorType &&
      each.country === country &&
      each.campaign === campaign;
    if (isSame) return each;
  }
  const segments = Object.freeze({
    ...(country !== undefined && { country }),
    browser: userAgent.browserCode,
    devices: userAgent.deviceCodes as string[],
    source,
    ...(campaign !== undefined && { campaign: flattenString(campaign) }),
    visitorType,
  });
  if (known.length === MAX_KINDS) known.length = 0;
  known.push(segments);
  return segments;
}
