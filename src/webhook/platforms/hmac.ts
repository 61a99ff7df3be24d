/** Any platform that signs with HMAC: the app says where the signature stands, and what it is over. */
import type { RouteRequest } from '../../model/http.js';
import { ConvertError } from '../../utils/errors.js';
import { assertOptions, fn, matching, oneOf, shape, text } from '../../utils/option-checks.js';
import { textOf } from '../fields.js';
import { assertSecretIsSet, makePlatform, TIMED_OPTIONS, type TimedSecretOptions } from '../platform.js';
import { headerOf } from '../signature-forms.js';
import { hmacKey } from '../signatures.js';
import type { WebhookPlatform } from '../types.js';

/** How `hmac()` finds and checks the signature. */
export interface HmacOptions extends TimedSecretOptions {
  /** The header with the signature: `x-signature`. */
  header: string;
  /** How the signature is written. Default `hex`. */
  encoding?: 'hex' | 'base64';
  /** What stands before the signature in the header: `sha256=`. Default: nothing. */
  prefix?: string;
  /** The hash function of the HMAC. Default `sha256`. */
  algorithm?: 'sha1' | 'sha256' | 'sha512';
  /** Returns the parts that are signed, one right after the other. Default: the body, `({ body }) => [body]`. */
  signed?: (request: RouteRequest) => readonly (string | Uint8Array)[];
  /**
   * Returns the time of signing, in milliseconds since the epoch, if that is signed. A request without it is refused.
   * Default: the platform signs no time, so that a request that somebody has seen can be sent again; it counts once.
   */
  time?: (request: RouteRequest) => number | undefined;
}

const hmacOptions = shape(
  {
    ...TIMED_OPTIONS,
    header: matching('the name of a header', /^[\w!#$%&'*+.^`|~-]+$/),
    encoding: oneOf('hex', 'base64'),
    prefix: text,
    algorithm: oneOf('sha1', 'sha256', 'sha512'),
    signed: fn,
    time: fn,
  },
  ['secret', 'header'],
);

const theBody = ({ body }: RouteRequest): readonly [Uint8Array] => [body];

/**
 * Webhooks of a platform that signs with HMAC and has no function of its own here. The option `order` reads its orders.
 * docs/guides/webhooks.md has recipes.
 *
 * @example
 * ```js
 * const square = hmac({
 *   secret: process.env.SQUARE_SIGNATURE_KEY,
 *   header: 'x-square-hmacsha256-signature',
 *   encoding: 'base64',
 *   signed: ({ body }) => ['https://shop.example/webhooks/square', body],
 * });
 * ```
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function hmac(options: HmacOptions): WebhookPlatform {
  assertSecretIsSet('hmac', options);
  assertOptions(hmacOptions, options);
  if (options.tolerance !== undefined && options.time === undefined)
    throw new ConvertError(
      'CONVERT_BAD_OPTION',
      'option `tolerance` needs `time`: no time is signed without it',
    );
  const { encoding = 'hex', prefix = '', algorithm = 'sha256', signed = theBody, time } = options;
  const header = options.header.toLowerCase();
  return makePlatform(
    {
      name: 'hmac',
      find(request) {
        const signature = headerOf(request, header);
        const at = time?.(request);
        if (signature === undefined || (time !== undefined && !Number.isFinite(at))) return undefined;
        return { parts: signed(request), signatures: [signature], time: at };
      },
      keyOf: (secret) => hmacKey(secret, { algorithm, encoding, prefix }),
      typeOf: (event) => textOf(event, 'type'),
      paid: [],
      orders: {},
      refunds: {},
    },
    options,
  );
}
