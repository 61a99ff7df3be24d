/** What a webhook answers, and what it tells the operator, by what became of the request. */
import type { RouteResponse } from '../model/http.js';
import type { Logger } from '../utils/logger.js';
import { type WarnOnce, warnOnceOn } from '../utils/operator-log.js';
import type { WebhookOutcome } from './types.js';

/** The statuses of requests that are refused. With any other outcome: 503 if another try is worth it, else 200. */
const REFUSED: Readonly<Partial<Record<WebhookOutcome, number>>> = {
  'bad-signature': 401,
  stale: 401,
  'bad-json': 400,
  'bad-method': 405,
};

const TEXT = { 'content-type': 'text/plain; charset=utf-8' };
/** Seconds after which a platform may try again, for those that heed it. */
const RETRY_AFTER = { ...TEXT, 'retry-after': '30' };
const ONLY_POST = { ...TEXT, allow: 'POST' };

/**
 * The answer, whose body is the outcome: platforms show it to the operator. It is 200 and not 204, since some platforms
 * take nothing else (Lemon Squeezy, Paddle, the ping of WooCommerce).
 */
export function answerTo(outcome: WebhookOutcome, retry: boolean): RouteResponse {
  const status = REFUSED[outcome] ?? (retry ? 503 : 200);
  const headers = status === 405 ? ONLY_POST : status === 503 ? RETRY_AFTER : TEXT;
  return { status, headers, body: outcome };
}

/** What the operator is told at the first request with an outcome. `trackConversion` and `route` tell of others. */
const WARNINGS: Readonly<Partial<Record<WebhookOutcome, string>>> = {
  'bad-signature':
    'a request is not signed with one of the secrets: they are those of another webhook, something on the way ' +
    'changes the body, or somebody else has sent it',
  stale:
    'a request was signed too long ago, or in the future: a clock is wrong, or somebody sends an old request again',
  'bad-json': 'the body of a signed request is not a JSON object: choose JSON at the platform',
  'no-visitor-id':
    'an order carries no visitor id, so that it is not counted. That is right for visitors without consent; if no ' +
    'order ever has one, hand the id on with the cart (docs/guides/webhooks.md)',
  failed: 'a function of the app has failed, so that an order is not counted yet',
  timeout: 'an order could not be counted within two seconds',
  waiting:
    'an order can not be counted now, and waits for ten minutes at most: in memory, and on disk, too, with the' +
    ' option `delivery.spool`',
  lost: 'an order is lost: it could not be counted, and the platform does not send it again',
};

/** @param platform the name that messages begin with; undefined for webhooks with a `verify` of their own */
export function createWarnOnce(logger: Logger, platform = 'verify'): WarnOnce {
  const warnOnce = warnOnceOn(logger);
  return (code, message, detail) => warnOnce(code, `webhook (${platform}): ${message}`, detail);
}

export function tellOf(outcome: WebhookOutcome, warnOnce: WarnOnce): void {
  const warning = WARNINGS[outcome];
  if (warning === undefined) return;
  warnOnce(outcome in REFUSED ? 'CONVERT_WEBHOOK_REFUSED' : 'CONVERT_WEBHOOK_NOT_COUNTED', warning, outcome);
}
