/** Reads from a request how its visitor came to the site: by an ad, a search, an AI tool, a link, or directly. */
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

/** The values that Convert's tracking script gives to a link that Google Ads tagged with the id of the click. */
const AD_CLICK = { medium: 'cpc google', keyword: '', sourceName: 'google' };
const UNREFERRED = { medium: '', keyword: '', sourceName: '' };
const MEDIUMS = { search: 'organic', ai_tool: 'ai tool', referral: 'referral' } as const;

/** Reads the attribution of this request alone. The session of the request may have another one. */
export function readAttribution(facts: RequestFactsCache): Attribution {
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
    sourceName: clipBytes(parameters.get('utm_source') || otherwise.sourceName, ATTRIBUTION_BYTES.sourceName),
  };
}

/** The referrer of a request, unless it is a page of the site itself. */
function referrerFrom(facts: RequestFactsCache): Referrer | undefined {
  const { referrer } = facts;
  const from = referrer === '' ? undefined : referrerOf(referrer);
  return from === undefined || isOwn(from, facts) ? undefined : from;
}

function referred({ kind, keyword, name }: Referrer): typeof UNREFERRED {
  return { medium: MEDIUMS[kind], keyword, sourceName: name };
}

/**
 * Values of `Sec-Fetch-Site` for a link on a page of the same registrable domain. Browsers send the header over https;
 * other clients may leave it out.
 */
const OWN: ReadonlySet<string | undefined> = new Set(['same-origin', 'same-site']);

function isOwn({ hostname: from }: Referrer, facts: RequestFactsCache): boolean {
  if (from === undefined) return false;
  const { hostname } = facts;
  return (hostname !== undefined && isSameSite(from, hostname)) || OWN.has(facts.header('sec-fetch-site'));
}

/** A medium with the word `cpc` or `google` in it, such as `cpc google`. */
const PAID_MEDIUM = /(?:^|\s)(?:cpc|google)(?:\s|$)/;

/**
 * Returns the first traffic source that applies: a campaign, an AI tool, a search engine, another site, or `direct`.
 */
function trafficSource(campaign: string, given: string, referral: ReferralKind | undefined): TrafficSource {
  const medium = given.trim().toLowerCase();
  if (campaign !== '' || PAID_MEDIUM.test(medium)) return 'campaign';
  if (referral === 'ai_tool') return 'ai_tool';
  if (medium === 'organic' || referral === 'search') return 'search';
  return medium === 'referral' || referral === 'referral' ? 'referral' : 'direct';
}
