/** Tells whether a client is a bot, by its User-Agent and its client hints. */
import { isbot } from 'isbot';
import { flattenString } from '../../utils/flatten-string.js';
import { withBrowser } from './facebook.js';

/** Bots that isbot 5.2 does not know. */
const BOTS = /\b(?:Alamofire|Dart|GTmetrix|WindowsPowerShell|jsdom)\b/;
/**
 * Words that WeChat and Alipay on Android, and security software of companies (`||| ReqID ... Initiator: https://...`),
 * add to the user agent. isbot 5.2 takes them for signs of a bot, so they are removed first.
 */
const APP_WORDS = /\bProcess\/tools\w*|\bAlipayDefined\([^)]*\)|\|\|\| ReqID .*$/g;

/** The number of characters of a user agent that are matched: the patterns of isbot are long. */
const MAX_USER_AGENT = 512;
const CACHE_SIZE = 1_000;

// Answers are cached, since isbot is slow, and a site sees the same few hundred user agents all day.
let known = new Map<string, boolean>();
const isBotAgent = (header: string): boolean => {
  const userAgent = header.length > MAX_USER_AGENT ? header.slice(0, MAX_USER_AGENT) : header;
  const before = known.get(userAgent);
  if (before !== undefined) return before;
  const answer = isbot(withBrowser(userAgent).replace(APP_WORDS, '')) || BOTS.test(userAgent);
  if (known.size >= CACHE_SIZE) known = new Map();
  known.set(flattenString(userAgent), answer);
  return answer;
};

/** The brand that a Chromium without a window has in `Sec-CH-UA`, even if its user agent names another browser. */
const HEADLESS = '"HeadlessChrome"';

/** True for a bot, by the headers User-Agent and Sec-CH-UA. A client that sends neither of them is no bot here. */
export function isBotClient(userAgent: string | undefined, brands: string | undefined): boolean {
  return (userAgent !== undefined && isBotAgent(userAgent)) || brands?.includes(HEADLESS) === true;
}
