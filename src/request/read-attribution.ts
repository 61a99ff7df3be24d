/** What a request says of how its visitor got here. */
import { type Attribution, ATTRIBUTION_BYTES, type TrafficSource } from '../model/attribution.js';
import { isSameSite, type ReferralKind, type Referrer, referrerOf } from './referral.js';
import type { RequestFactsCache } from './request-facts.js';
import { clipBytes } from './text-decoding.js';

const DIRECT: Attribution = Object.freeze({
  source: 'direct',
  campaign: '',
  medium: '',
  keyword: '',
  sourceName: '',
});

/** What Convert's tracking script says of a link that Google Ads tagged with the id of the click. */
const AD_CLICK = { medium: 'cpc google', keyword: '', sourceName: 'google' };
const UNREFERRED = { medium: '', keyword: '', sourceName: '' };
const MEDIUMS = { search: 'organic', ai_tool: 'ai tool', referral: 'referral' } as const;

/** Answers for the request alone, whatever its session says. */
export function attributionReader(): (facts: RequestFactsCache) => Attribution {
  const referrerFrom = (facts: RequestFactsCache): Referrer | undefined => {
    const { referrer } = facts;
    const from = referrer === '' ? undefined : referrerOf(referrer);
    return from === undefined || isOwn(from, facts) ? undefined : from;
  };
  return (facts) => {
    const { parameters } = facts;
    const from = referrerFrom(facts);
    if (parameters.size === 0 && from === undefined) return DIRECT;
    const otherwise = parameters.get('gclid') ? AD_CLICK : from ? referred(from) : UNREFERRED;
    const campaign = parameters.get('utm_campaign') ?? '';
    const medium = parameters.get('utm_medium') || otherwise.medium;
    return {
      source: trafficSource(campaign, medium, from?.kind),
      campaign: clipBytes(campaign, ATTRIBUTION_BYTES.campaign),
      medium: clipBytes(medium, ATTRIBUTION_BYTES.medium),
      keyword: clipBytes(parameters.get('utm_term') || otherwise.keyword, ATTRIBUTION_BYTES.keyword),
      sourceName: clipBytes(
        parameters.get('utm_source') || otherwise.sourceName,
        ATTRIBUTION_BYTES.sourceName,
      ),
    };
  };
}

function referred({ kind, keyword, name }: Referrer): typeof UNREFERRED {
  return { medium: MEDIUMS[kind], keyword, sourceName: name };
}

/** Browsers say on https that a page of the same registrable domain led here; other clients may leave it out. */
const OWN: ReadonlySet<string | undefined> = new Set(['same-origin', 'same-site']);

function isOwn({ hostname: from }: Referrer, facts: RequestFactsCache): boolean {
  if (from === undefined) return false;
  const { hostname } = facts;
  return (hostname !== undefined && isSameSite(from, hostname)) || OWN.has(facts.header('sec-fetch-site'));
}

const PAID_MEDIUMS: ReadonlySet<string> = new Set(['cpc', 'google']);

/** The first that holds: a campaign, an AI tool, a search engine, another site, none of these. */
function trafficSource(campaign: string, given: string, referral: ReferralKind | undefined): TrafficSource {
  const medium = given.trim().toLowerCase();
  if (campaign !== '' || medium.split(/\s+/).some((word) => PAID_MEDIUMS.has(word))) return 'campaign';
  if (referral === 'ai_tool') return 'ai_tool';
  if (medium === 'organic' || referral === 'search') return 'search';
  return medium === 'referral' || referral === 'referral' ? 'referral' : 'direct';
}
