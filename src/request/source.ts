/** Where a visitor comes from, in the words of Convert's reports. */
import { referralKind } from '../referral.js';

export type TrafficSource = 'campaign' | 'ai_tool' | 'search' | 'referral' | 'direct';

/** What a request tells about how the visitor got here. */
export interface Arrival {
  /** `utm_campaign` */
  readonly campaign: string | undefined;
  /** `utm_medium` */
  readonly medium: string | undefined;
  /** Hostname of the referrer; `undefined` without one. */
  readonly referrer: string | undefined;
  /** Our own hostname. */
  readonly hostname: string | undefined;
}

const PAID_MEDIUMS: ReadonlySet<string> = new Set(['cpc', 'google']);

/** The first that holds: a campaign, an AI tool, a search engine, another site, none of these. */
export function trafficSource({ campaign, medium: given, referrer, hostname }: Arrival): TrafficSource {
  const medium = given?.trim().toLowerCase();
  if (campaign || medium?.split(/\s+/).some((word) => PAID_MEDIUMS.has(word))) return 'campaign';
  const referral = referralKind(referrer, hostname);
  if (referral === 'ai_tool') return 'ai_tool';
  if (medium === 'organic' || referral === 'search') return 'search';
  return medium === 'referral' || referral === 'referral' ? 'referral' : 'direct';
}
