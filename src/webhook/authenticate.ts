/** Finds out who has sent a webhook, and reads its event. */
import type { Convert } from '../convert/types.js';
import type { RouteRequest } from '../model/http.js';
import { asConvertError, codeOf } from '../utils/errors.js';
import { isPlainObject } from '../utils/objects.js';
import type { ConversionWebhookOptions, WebhookPlatform } from './types.js';

export type Authenticated =
  { readonly event: object } | { readonly refused: 'bad-signature' | 'stale' | 'bad-json' };

const BAD_SIGNATURE: Authenticated = { refused: 'bad-signature' };
const BAD_JSON: Authenticated = { refused: 'bad-json' };

/** Never rejects. */
export async function authenticate(
  { platform, verify }: Pick<ConversionWebhookOptions<never>, 'platform' | 'verify'>,
  request: RouteRequest,
  convert: Convert,
  warnOnce: (code: string, message: string) => void,
): Promise<Authenticated> {
  if (platform !== undefined) return byPlatform(platform, request, convert);
  try {
    const event = await verify?.(request.body, request.headers, request);
    if (event === true) return parsed(request.body);
    return isPlainObject(event) ? { event } : BAD_SIGNATURE;
  } catch (error) {
    warnOnce('verify', `\`verify\` has refused a request with an error (${codeOf(error)})`);
    return BAD_SIGNATURE;
  }
}

function byPlatform(platform: WebhookPlatform, request: RouteRequest, convert: Convert): Authenticated {
  try {
    const verdict = platform.verify(request, Date.now());
    return verdict === 'verified' ? parsed(request.body) : { refused: verdict };
  } catch (error) {
    // A function of the app: `signed` or `time` of `hmac`.
    convert.report(
      asConvertError(error, 'CONVERT_CALLBACK', `a function that ${platform.name}() was given threw`),
    );
    return BAD_SIGNATURE;
  }
}

function parsed(body: Uint8Array): Authenticated {
  try {
    const { buffer, byteOffset, byteLength } = body;
    const event: unknown = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
    return isPlainObject(event) ? { event } : BAD_JSON;
  } catch {
    return BAD_JSON;
  }
}
