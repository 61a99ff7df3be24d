/** Whether a client is a bot, by what it says of itself: one answer for the gate and for the `device` property. */
import { isbot } from 'isbot';
import { flattenString } from '../../utils/flatten-string.js';

/** What isbot 5.2 takes for people. */
const BOTS = /\b(?:Alamofire|Dart|GTmetrix|WindowsPowerShell|jsdom)\b/;
/** Words of WeChat and Alipay on Android, by which isbot 5.2 takes their visitors for bots. */
const APP_WORDS = /\bProcess\/tools\w*|\bAlipayDefined\([^)]*\)/g;

/** User agents are cut before they are matched: the patterns of isbot are long. */
const MAX_USER_AGENT = 512;
const CACHE_SIZE = 1_000;

// isbot takes 4-11 us; a site sees the same few hundred user agents all day.
let known = new Map<string, boolean>();
const isBotAgent = (header: string): boolean => {
  const userAgent = header.length > MAX_USER_AGENT ? header.slice(0, MAX_USER_AGENT) : header;
  const before = known.get(userAgent);
  if (before !== undefined) return before;
  const answer = isbot(userAgent.replace(APP_WORDS, '')) || BOTS.test(userAgent);
  if (known.size >= CACHE_SIZE) known = new Map();
  known.set(flattenString(userAgent), answer);
  return answer;
};

/** Chromium without a window, whatever its user agent says (`Sec-CH-UA`). */
const HEADLESS = '"HeadlessChrome"';

/** By the headers User-Agent and Sec-CH-UA. A client that names itself in neither is none. */
export function isBotClient(userAgent: string | undefined, brands: string | undefined): boolean {
  return (userAgent !== undefined && isBotAgent(userAgent)) || brands?.includes(HEADLESS) === true;
}
