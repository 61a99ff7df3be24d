/** Where a visitor comes from, in the words of Convert's reports. */
import type { ReferralKind } from '../referral.js';

export type TrafficSource = 'campaign' | 'ai_tool' | 'search' | 'referral' | 'direct';

/** What a request tells about how the visitor got here. */
export interface Arrival {
  /** `utm_campaign` */
  readonly campaign: string | undefined;
  /** `utm_medium` */
  readonly medium: string | undefined;
  /** The kind of site that the referrer is; `undefined` without one, and where it is ours. */
  readonly referral: ReferralKind | undefined;
}

const PAID_MEDIUMS: ReadonlySet<string> = new Set(['cpc', 'google']);

/** The first that holds: a campaign, an AI tool, a search engine, another site, none of these. */
export function trafficSource({ campaign, medium: given, referral }: Arrival): TrafficSource {
  const medium = given?.trim().toLowerCase();
  if (campaign || medium?.split(/\s+/).some((word) => PAID_MEDIUMS.has(word))) return 'campaign';
  if (referral === 'ai_tool') return 'ai_tool';
  if (medium === 'organic' || referral === 'search') return 'search';
  return medium === 'referral' || referral === 'referral' ? 'referral' : 'direct';
}
