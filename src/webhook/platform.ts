/** Makes a platform of what tells it from others: how it signs, and where its events have the order. */
import { ConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import type { RouteRequest } from '../model/http.js';
import type { Digests } from '../utils/digests.js';
import { assertOptions, between, type Check, shape } from '../utils/option-checks.js';
import { checkSignature, type FindSignature, type Key } from './signatures.js';
import type { WebhookPlatform } from './types.js';

/** The field in which orders carry the visitor id, unless the app says otherwise. */
export const VISITOR_FIELD = 'cv_vid';

/** Options of a platform that signs its requests. */
export interface SecretOptions {
  /** The secret of the webhook, as the platform shows it; while it is rotated, a list with the older ones, up to 8. */
  secret: string | readonly string[];
}

/** Options of a platform that signs the time, too. */
export interface TimedSecretOptions extends SecretOptions {
  /** The most seconds between the time of signing and now, in either direction. Default 300. */
  tolerance?: number;
}

export interface PlatformDefinition {
  readonly name: string;
  readonly find: FindSignature;
  /** Makes a key of a secret. Throws if the secret is malformed. */
  readonly keyOf: (secret: string) => Key;
  readonly typeOf: WebhookPlatform['typeOf'];
  readonly paid: WebhookPlatform['paid'];
  readonly orders: WebhookPlatform['orders'];
  readonly refunds: WebhookPlatform['refunds'];
  /** Default true. */
  readonly retries?: boolean;
  /** Default: the platform sends no pings. */
  readonly isPing?: WebhookPlatform['isPing'];
}

const MAX_SECRETS = 8;
const TOLERANCE = 300;

const isSecret = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** Checks the secrets of a platform, of any length, since the platform has chosen them. No message shows one. */
const platformSecrets: Check = (value, path) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.length <= MAX_SECRETS && list.every(isSecret)
    ? []
    : [`option \`${path}\` must be the secret of the webhook, or a list of up to ${MAX_SECRETS}, none empty`];
};

/** The checks of the options that all platforms share. */
export const SECRET_OPTION = { secret: platformSecrets };
export const TIMED_OPTIONS = { ...SECRET_OPTION, tolerance: between(1, 86_400, 'seconds') };

const untimed = shape(SECRET_OPTION, ['secret']);
const timed = shape(TIMED_OPTIONS, ['secret']);

/**
 * An option that is there without a value comes from an environment variable that is not set, as a rule.
 *
 * @throws ConvertError `CONVERT_BAD_OPTION`
 */
export function assertSecretIsSet(name: string, options: SecretOptions): void {
  const given: Partial<SecretOptions> = asObject(options);
  if (!Object.hasOwn(given, 'secret') || given.secret !== undefined) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `option \`secret\` of ${name} is missing: is its environment variable set?`,
  );
}

/** @throws ConvertError `CONVERT_BAD_OPTION` */
export function platformOf(definition: PlatformDefinition, options: SecretOptions): WebhookPlatform {
  assertSecretIsSet(definition.name, options);
  assertOptions(untimed, options);
  return makePlatform(definition, options);
}

/** As `platformOf`, for a platform that signs the time. */
export function timedPlatformOf(
  definition: PlatformDefinition,
  options: TimedSecretOptions,
): WebhookPlatform {
  assertSecretIsSet(definition.name, options);
  assertOptions(timed, options);
  return makePlatform(definition, options);
}

/** Makes the platform of options that have been checked. */
export function makePlatform(
  { name, find, keyOf, typeOf, paid, orders, refunds, retries = true, isPing = never }: PlatformDefinition,
  { secret, tolerance = TOLERANCE }: TimedSecretOptions,
): WebhookPlatform {
  const keys = [secret].flat().map(keyOf);
  return Object.freeze({
    name,
    retries,
    verify: (request: RouteRequest, now: number, digests: Digests) =>
      checkSignature(find(request), keys, tolerance, now, digests),
    isPing,
    typeOf,
    paid,
    orders,
    refunds,
  });
}

const never = (): boolean => false;
