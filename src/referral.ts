/** What kind of site a visitor comes from, in the terms of Convert's reports and rules. */

export type ReferralKind = 'ai_tool' | 'search' | 'referral';

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

/**
 * `undefined` where there is no referrer, or where it is a page of our own. Both are hostnames in lower case, without a
 * port.
 */
export function referralKind(
  referrer: string | undefined,
  hostname: string | undefined,
): ReferralKind | undefined {
  if (referrer === undefined || isSameSite(referrer, hostname)) return undefined;
  if (isAiTool(referrer)) return 'ai_tool';
  return isSearchEngine(referrer) ? 'search' : 'referral';
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
