/** Decides which requests come from bots: by default, these get the original page and are not counted. */
import { headerText, type IncomingRequest } from '../model/http.js';
import { userAgentParser } from '../request/user-agent/parser.js';
import { askYesOrNo, type RequestFunction } from '../utils/app-callback.js';
import type { ConvertError } from '../utils/errors.js';
import type { WarnOnce } from '../utils/operator-log.js';

/**
 * How bots are treated:
 * - `original` bots get the original page: no cookie, no event, nothing stored
 * - `include` bots are visitors
 * - a function that says whether a request (the framework's own object) comes from a bot
 */
export type BotsOption<Raw = unknown> = 'original' | 'include' | RequestFunction<Raw, boolean>;

export type BotCheck = (request: IncomingRequest) => boolean;

/** The user agent that CloudFront sends instead of the visitor's, unless it is configured to pass on the visitor's. */
const CLOUDFRONT = 'Amazon CloudFront';

/** The number of requests at the start that are looked at together. */
const FIRST_REQUESTS = 5;
const ONLY_BOTS =
  `the first ${FIRST_REQUESTS} requests come from bots, by their user agent, and get the original page. curl and` +
  " headless browsers count as bots. Try in a browser, send a browser's user agent (curl -A), or set" +
  " `bots: 'include'` while you try";

/**
 * Makes the function that says whether a request comes from a bot. `warnOnce` is called if all visitors look like bots:
 * because CloudFront has replaced their user agent, or because somebody tries the app without a browser.
 */
export function botCheck(
  option: BotsOption,
  onError: (error: ConvertError) => void,
  warnOnce: WarnOnce,
): BotCheck {
  if (option === 'include') return () => false;
  if (option !== 'original') {
    const question = { option: 'bots', otherwise: 'taken as no bot', onError };
    return (request) => askYesOrNo(option, request.raw, question);
  }
  let botsAtStart = 0;
  return ({ headers }) => {
    const userAgent = headerText(headers['user-agent']);
    if (userAgent === CLOUDFRONT) {
      warnOnce(
        'CONVERT_USER_AGENT',
        `requests come with the user agent '${CLOUDFRONT}', and are taken for those of a bot. CloudFront ` +
          `puts it in the place of the` +
          " visitor's own, unless an origin request policy names the header User-Agent: if it stands in " +
          'front, nobody takes part',
      );
    }
    const { loaded } = userAgentParser;
    const isBot = !userAgent || loaded?.isBotClient(userAgent, headerText(headers['sec-ch-ua'])) === true;
    if (botsAtStart < FIRST_REQUESTS) {
      // A visitor ends the count.
      botsAtStart = isBot ? botsAtStart + 1 : Infinity;
      if (botsAtStart === FIRST_REQUESTS) warnOnce('CONVERT_ONLY_BOTS', ONLY_BOTS);
    }
    return isBot;
  };
}
