import type { ReportSegments } from '../model/tracking-event.js';
import { flattenString } from '../utils/flatten-string.js';
import type { RequestFactsCache } from './request-facts.js';
import type { UserAgent } from './user-agent/user-agent.js';

/** By the client, of which there is one object for all who are alike. */
export type KnownSegments = WeakMap<UserAgent, ReportSegments[]>;

/** There are few kinds for one user agent, but campaigns are what the client says they are. */
const MAX_KINDS = 32;

/** Visitors of a kind share one object: it is made, and turned into JSON, once for them all. */
export function reportSegments(facts: RequestFactsCache, kinds: KnownSegments): ReportSegments {
  const { userAgent, visitorType } = facts;
  const { country } = facts.place;
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
