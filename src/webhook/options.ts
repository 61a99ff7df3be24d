/** Checks the options of `conversionWebhook`. */
import { ConvertError } from '../utils/errors.js';
import {
  assertOptions,
  either,
  fn,
  given,
  matching,
  oneOf,
  shape,
  text,
  withMethods,
} from '../utils/option-checks.js';
import type { ConversionWebhookOptions, WebhookPlatform } from './types.js';

const listOfTypes = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' && each !== '');

const webhookOptions = shape(
  {
    platform: withMethods('what shopify(), stripe() or another of the platforms returns', 'verify', 'typeOf'),
    verify: fn,
    goal: either('the key of a goal, or a function that returns it', text, fn),
    on: (value, path) =>
      typeof value === 'function' || listOfTypes(value)
        ? []
        : [`option \`${path}\` must be a list of types of events, or a function (given ${given(value)})`],
    order: fn,
    visitorId: fn,
    origin: oneOf('app', 'cookie', 'carried'),
    data: fn,
    currency: matching("a currency of three letters, such as 'EUR'", /^[A-Za-z]{3}$/),
    toProjectCurrency: fn,
    onRefund: fn,
  },
  ['goal'],
);

const aConvert = withMethods('what createConvert() returned', 'forVisitor', 'report', 'flush');

/** @throws ConvertError `CONVERT_BAD_OPTION` */
export function assertWebhookOptions<Event>(
  convert: unknown,
  options: ConversionWebhookOptions<Event>,
): void {
  assertOptions((value) => aConvert(value, 'convert'), convert);
  assertOptions(webhookOptions, options);
  const problem = conflictIn(options);
  if (problem !== undefined) throw new ConvertError('CONVERT_BAD_OPTION', problem);
}

function conflictIn<Event>(options: ConversionWebhookOptions<Event>): string | undefined {
  const { platform, verify, on, order, currency, toProjectCurrency, onRefund } = options;
  if ((platform === undefined) === (verify === undefined))
    return 'option `platform` or `verify` must be given, and not both: one of them checks who has sent a webhook';
  if (order === undefined) {
    if (platform === undefined || !knows(platform.orders))
      return `option \`order\` is missing: ${nameOf(platform)} does not tell where its events have the order`;
    const types = typeof on === 'function' || on === undefined ? [] : on;
    const unknown = types.find((type) => !Object.hasOwn(platform.orders, type));
    if (unknown !== undefined)
      return (
        `option \`on\` names ${given(unknown)}, and ${platform.name} knows the orders of ` +
        `${Object.keys(platform.orders).map(given).join(', ')}; give the option \`order\`, which reads those of others`
      );
  }
  if (toProjectCurrency !== undefined && currency === undefined)
    return 'option `toProjectCurrency` needs `currency`, the currency of the project';
  if (onRefund !== undefined && (platform === undefined || !knows(platform.refunds)))
    return `option \`onRefund\` is never called: ${nameOf(platform)} does not tell where its events have a refund`;
  return undefined;
}

const nameOf = (platform: WebhookPlatform | undefined): string => platform?.name ?? '`verify`';
const knows = (table: object): boolean => Object.keys(table).length > 0;
