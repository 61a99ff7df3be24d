/** Bots: who gets the original page and is never counted. */
import { isbot } from 'isbot';
import { askApp } from '../ask.js';
import type { ConvertError } from '../errors.js';
import { headerText, type IncomingRequest, type RequestFunction } from '../exchange.js';
import { atAGlance } from '../glance.js';

/**
 * - `original` bots get the original page: no cookie, no event, nothing stored
 * - `include` bots are visitors
 * - a function that says whether a request (the framework's own object) comes from a bot
 */
export type BotsOption<Raw = unknown> = 'original' | 'include' | RequestFunction<Raw, boolean>;

export type BotCheck = (request: IncomingRequest) => boolean;

/** User agents are cut before they are matched: the patterns of isbot are long. */
const MAX_USER_AGENT = 512;
const CACHE_SIZE = 1_000;

export function botCheck(option: BotsOption, onError: (error: ConvertError) => void): BotCheck {
  if (option === 'include') return () => false;
  if (option !== 'original') {
    const question = { option: 'bots', otherwise: 'taken as no bot', onError };
    return (request) => askApp(option, request.raw, question) === true;
  }
  // isbot takes 4-11 us; a site sees the same few hundred user agents all day.
  let cache = new Map<string, boolean>();
  const check = atAGlance((header) => {
    const userAgent = header.length > MAX_USER_AGENT ? header.slice(0, MAX_USER_AGENT) : header;
    const known = cache.get(userAgent);
    if (known !== undefined) return known;
    const answer = userAgent === '' || isbot(userAgent);
    if (cache.size >= CACHE_SIZE) cache = new Map();
    cache.set(userAgent, answer);
    return answer;
  });
  return (request) => check(headerText(request.headers['user-agent']) ?? '');
}
