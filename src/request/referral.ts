/** Reads a referrer: which site or app the visitor comes from, and whether it is a search engine or an AI tool. */
import { queryValue } from './query-parameters.js';
import { hostnameOf, urlHost } from './url.js';

export type ReferralKind = 'ai_tool' | 'search' | 'referral';

export interface Referrer {
  /** The host in lower case, with its port if the URL names one; the id of the app if an app opened the page. */
  readonly name: string;
  /** The host without its port; undefined for an app. */
  readonly hostname: string | undefined;
  readonly kind: ReferralKind;
  /** The search words. Nearly always '', since browsers and search engines do not send them. */
  readonly keyword: string;
}

const AI_TOOLS = [
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
];

/** Matches the hosts of AI tools and their subdomains. */
const AI_TOOL = new RegExp(`(?:^|\\.)(?:${AI_TOOLS.join('|').replaceAll('.', '\\.')})$`);

interface SearchEngine {
  /** The top-level domain under which the search engine owns its name; `any` if it owns the name under all of them. */
  readonly under: string;
  /** The query parameter that holds the search words. */
  readonly keyword: string;
}

/** Search engines by the name in their host. */
const SEARCH_ENGINES: ReadonlyMap<string, SearchEngine> = new Map([
  ['google', { under: 'any', keyword: 'q' }],
  ['yahoo', { under: 'any', keyword: 'p' }],
  ['ask', { under: 'com', keyword: 'q' }],
  ['bing', { under: 'com', keyword: 'q' }],
  ['aol', { under: 'any', keyword: 'q' }],
  ['yandex', { under: 'any', keyword: 'text' }],
  ['duckduckgo', { under: 'com', keyword: 'q' }],
  ['baidu', { under: 'com', keyword: 'wd' }],
  ['ecosia', { under: 'org', keyword: 'q' }],
]);

/**
 * Android apps of search engines and AI tools, by their ids in Google Play (looked up in November 2026).
 */
const APPS: ReadonlyMap<string, ReferralKind> = new Map<string, ReferralKind>([
  ['com.google.android.googlequicksearchbox', 'search'],
  ['com.microsoft.bing', 'search'],
  ['com.openai.chatgpt', 'ai_tool'],
  ['ai.perplexity.app.android', 'ai_tool'],
  ['com.anthropic.claude', 'ai_tool'],
  ['com.google.android.apps.bard', 'ai_tool'],
  ['com.microsoft.copilot', 'ai_tool'],
  ['com.poe.android', 'ai_tool'],
]);

/**
 * The referrer that browsers on Android send if an app opened the page, such as `android-app://com.google.android.gm/`.
 */
const APP = /^(?:android|ios)-app:\/\/([a-z0-9._-]{1,255})(?:[/?#]|$)/i;
const MAX_KEYWORD = 256;

/**
 * Reads a referrer; `undefined` if it is neither an http(s) URL nor an app. The origin alone, which is all that most
 * referrer policies send, is enough for everything but the search words.
 */
export function referrerOf(url: string): Referrer | undefined {
  const host = urlHost(url);
  if (host === undefined) return appReferrer(url);
  const hostname = hostnameOf(host);
  if (hostname === undefined) return undefined;
  const name = host.toLowerCase();
  if (AI_TOOL.test(hostname)) return { name, hostname, kind: 'ai_tool', keyword: '' };
  const engine = searchEngine(hostname);
  if (engine === undefined) return { name, hostname, kind: 'referral', keyword: '' };
  const [, query = ''] = /\?([^#]*)/.exec(url) ?? [];
  const keyword = queryValue(query, engine.keyword, MAX_KEYWORD) ?? '';
  return { name, hostname, kind: 'search', keyword };
}

function appReferrer(url: string): Referrer | undefined {
  const app = APP.exec(url)?.[1]?.toLowerCase();
  if (app === undefined) return undefined;
  return { name: app, hostname: undefined, kind: APPS.get(app) ?? 'referral', keyword: '' };
}

/**
 * True if both are the same host, or one is a subdomain of the other; `www.` makes no difference. Both are given in
 * lower case, without a port. Two subdomains of one site are not recognized, since that takes a list of all public
 * suffixes. Browsers have that list, so `readAttribution` reads their header `Sec-Fetch-Site` too.
 */
export function isSameSite(referrer: string, hostname: string): boolean {
  const from = withoutWww(referrer);
  const to = withoutWww(hostname);
  return from === to || from.endsWith(`.${to}`) || to.endsWith(`.${from}`);
}

function withoutWww(hostname: string): string {
  return hostname.startsWith('www.') ? hostname.slice('www.'.length) : hostname;
}

/** Finds `google` and `com` in `google.com`, and `google` and `co.uk` in `www.google.co.uk`. */
const REGISTERED = /(?:^|\.)([a-z]+)\.((?:com?\.)?[a-z]{2,3})$/;

function searchEngine(hostname: string): SearchEngine | undefined {
  const [, name = '', under] = REGISTERED.exec(hostname) ?? [];
  const engine = SEARCH_ENGINES.get(name);
  return engine?.under === 'any' || engine?.under === under ? engine : undefined;
}
