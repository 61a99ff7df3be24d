/** Finds out who has sent a webhook, and reads its event. */
import type { RouteConvert } from '../convert/types.js';
import type { RouteRequest } from '../model/http.js';
import { asConvertError, codeOf } from '../utils/errors.js';
import { textOf } from '../utils/node/bytes.js';
import { isPlainObject } from '../utils/objects.js';
import type { WarnOnce } from '../utils/operator-log.js';
import type { Verdict } from './signatures.js';
import type { ConversionWebhookOptions, WebhookPlatform } from './types.js';

export type Authenticated =
  { readonly event: object } | { readonly refused: 'bad-signature' | 'stale' | 'bad-json' };

const BAD_SIGNATURE: Authenticated = { refused: 'bad-signature' };
const BAD_JSON: Authenticated = { refused: 'bad-json' };

type Verify = NonNullable<ConversionWebhookOptions<never>['verify']>;

/** By a function of the app. Never rejects. */
export async function verifiedBy(
  verify: Verify,
  request: RouteRequest,
  warnOnce: WarnOnce,
): Promise<Authenticated> {
  try {
    const event = await verify(request.body, request.headers, request);
    if (event === true) return parsed(request.body);
    return isPlainObject(event) ? { event } : BAD_SIGNATURE;
  } catch (error) {
    warnOnce(
      'CONVERT_WEBHOOK_REFUSED',
      `\`verify\` has refused a request with an error (${codeOf(error)})`,
      'verify',
    );
    return BAD_SIGNATURE;
  }
}

/** By the platform's signature. Never throws or rejects. */
export function signedBy(
  platform: WebhookPlatform,
  request: RouteRequest,
  convert: RouteConvert,
): Authenticated | Promise<Authenticated> {
  // A function of the app: `signed` or `time` of `hmac`.
  const failed = (error: unknown): Authenticated => {
    convert.report(
      asConvertError(error, 'CONVERT_CALLBACK', `a function that ${platform.name}() was given threw`),
    );
    return BAD_SIGNATURE;
  };
  const read = (verdict: Verdict): Authenticated =>
    verdict === 'verified' ? parsed(request.body) : { refused: verdict };
  try {
    const verdict = platform.verify(request, Date.now(), convert.digests);
    return verdict instanceof Promise ? verdict.then(read).catch(failed) : read(verdict);
  } catch (error) {
    return failed(error);
  }
}

function parsed(body: Uint8Array): Authenticated {
  try {
    const event: unknown = JSON.parse(textOf(body));
    return isPlainObject(event) ? { event } : BAD_JSON;
  } catch {
    return BAD_JSON;
  }
}
