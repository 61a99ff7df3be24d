/** Report segments, in Convert's codes whatever words the rules use and whatever properties the app adds. */
import { atAGlance } from '../glance.js';
import { referralKind, type ReferralKind } from '../referral.js';
import type { ReportSegments } from '../tracking.js';
import type { LazyProperties } from './properties.js';
import type { SharedFacts } from './shared-facts.js';
import { trafficSource } from './source.js';
import { urlHostname } from './target.js';
import type { UserAgent } from './user-agent.js';

/** Visitors of a kind share one object: it is made, and turned into JSON, once for them all. */
export interface KnownSegments {
  /** By the client, of which there is one object for all who are alike. */
  readonly kinds: WeakMap<UserAgent, ReportSegments[]>;
  readonly referralOf: (url: string, hostname: string | undefined) => ReferralKind | undefined;
}

/** There are few kinds for one user agent, but campaigns are what the client says they are. */
const MAX_KINDS = 32;

export const knownSegments = (): KnownSegments => ({ kinds: new WeakMap(), referralOf: referrals() });

/** The kind of the site that a URL leads to, seen from one of ours. */
function referrals(): KnownSegments['referralOf'] {
  interface Referrer {
    readonly name: string | undefined;
    /** Ours, when it was asked last. */
    hostname: string | undefined;
    kind: ReferralKind | undefined;
  }
  const read = atAGlance((url): Referrer => {
    const name = urlHostname(url);
    return { name, hostname: undefined, kind: referralKind(name, undefined) };
  });
  return (url, hostname) => {
    const referrer = read(url);
    if (referrer.hostname !== hostname) {
      referrer.hostname = hostname;
      referrer.kind = referralKind(referrer.name, hostname);
    }
    return referrer.kind;
  };
}

export function reportSegments(
  facts: SharedFacts,
  location: LazyProperties,
  visitor: LazyProperties,
  { kinds, referralOf }: KnownSegments,
): ReportSegments {
  const { userAgent } = facts;
  const { country } = facts.place;
  const campaign = text(visitor, 'utm_campaign');
  const referrer = text(location, 'referrer');
  const source = trafficSource({
    campaign,
    medium: text(visitor, 'utm_medium'),
    referral: referrer === undefined ? undefined : referralOf(referrer, facts.hostname),
  });
  const visitorType = text(visitor, 'visitorType');
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
    ...(campaign !== undefined && { campaign }),
    visitorType,
  });
  if (known.length === MAX_KINDS) known.length = 0;
  known.push(segments);
  return segments;
}

/** A text that is there and not empty. */
function text(properties: LazyProperties, name: string): string | undefined {
  return (properties.default(name) as string | undefined) || undefined;
}
