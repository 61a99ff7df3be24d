/** Where a visitor comes from, in the words of Convert's reports. */

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

const AI_TOOLS: ReadonlySet<string> = new Set([
  'chatgpt.com',
  'chat.openai.com',
  'perplexity.ai',
  'claude.ai',
  'gemini.google.com',
  'copilot.microsoft.com',
  'you.com',
  'phind.com',
  'poe.com',
  'meta.ai',
]);

/** Search engines by name, and the domains they own: one top level domain, or any. */
const SEARCH_ENGINES: ReadonlyMap<string, string> = new Map([
  ['google', 'any'],
  ['yahoo', 'any'],
  ['ask', 'com'],
  ['bing', 'com'],
  ['aol', 'any'],
  ['yandex', 'any'],
  ['duckduckgo', 'com'],
  ['baidu', 'com'],
  ['ecosia', 'org'],
]);

/** The first that holds: a campaign, an AI tool, a search engine, another site, none of these. */
export function trafficSource(arrival: Arrival): TrafficSource {
  const medium = arrival.medium?.trim().toLowerCase();
  if (arrival.campaign || medium?.split(/\s+/).some((word) => PAID_MEDIUMS.has(word))) return 'campaign';
  const { referrer, hostname } = arrival;
  const foreign = referrer !== undefined && !isSameSite(referrer, hostname) ? referrer : undefined;
  if (foreign !== undefined && isAiTool(foreign)) return 'ai_tool';
  if (medium === 'organic' || (foreign !== undefined && isSearchEngine(foreign))) return 'search';
  return medium === 'referral' || foreign !== undefined ? 'referral' : 'direct';
}

/** The same host, or one of them a subdomain of the other; `www.` makes no difference. */
function isSameSite(referrer: string, hostname: string | undefined): boolean {
  if (hostname === undefined) return false;
  const from = referrer.replace(/^www\./, '');
  const to = hostname.replace(/^www\./, '');
  return from === to || from.endsWith(`.${to}`) || to.endsWith(`.${from}`);
}

function isAiTool(hostname: string): boolean {
  for (let rest = hostname; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (AI_TOOLS.has(rest)) return true;
    if (!rest.includes('.')) return false;
  }
}

/** `google.com`, `www.google.co.uk`: the last label but the top level ones. */
const REGISTERED = /(?:^|\.)([a-z]+)\.((?:com?\.)?[a-z]{2,3})$/;

function isSearchEngine(hostname: string): boolean {
  const [, name = '', domain] = REGISTERED.exec(hostname) ?? [];
  const owned = SEARCH_ENGINES.get(name);
  return owned === 'any' || (owned !== undefined && owned === domain);
}
