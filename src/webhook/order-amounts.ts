/** The amounts of orders in the currency of the project. */
import type { RouteConvert } from '../convert/types.js';
import type { WarnOnce } from '../utils/operator-log.js';
import { askApp } from './ask-app.js';
import type { ConversionWebhookOptions, WebhookOrder } from './types.js';

type CurrencyOptions = Pick<ConversionWebhookOptions<never>, 'currency' | 'toProjectCurrency'>;

export class OrderAmounts {
  readonly #convert: RouteConvert;
  readonly #options: CurrencyOptions;
  readonly #warnOnce: WarnOnce;
  readonly #currency: string | undefined;
  /** The currency of the first order that has one, if the app does not name the project's. */
  #first: string | undefined;

  constructor(convert: RouteConvert, options: CurrencyOptions, warnOnce: WarnOnce) {
    this.#convert = convert;
    this.#options = options;
    this.#warnOnce = warnOnce;
    this.#currency = options.currency?.toUpperCase();
  }

  /**
   * Returns the amount of an order in the currency of the project, or a promise of it, which never rejects; undefined
   * if it can not be told.
   */
  of({ amount, currency }: WebhookOrder): number | undefined | Promise<number | undefined> {
    if (amount === undefined || currency === undefined || currency === this.#currency) return amount;
    if (this.#currency !== undefined) return this.#converted(amount, currency);
    this.#first ??= currency;
    if (currency !== this.#first)
      this.#warnOnce(
        'CONVERT_WEBHOOK_CURRENCY',
        'orders come in several currencies, and their amounts are added up as they are; name the currency of the ' +
          'project in the option `currency`, and convert others in `toProjectCurrency`',
        'several',
      );
    return amount;
  }

  async #converted(amount: number, currency: string): Promise<number | undefined> {
    const { toProjectCurrency } = this.#options;
    const converted =
      toProjectCurrency &&
      (await askApp(this.#convert, 'toProjectCurrency', () => toProjectCurrency(amount, currency)).catch(
        () => undefined,
      ));
    if (typeof converted === 'number' && Number.isFinite(converted)) return converted;
    this.#warnOnce(
      'CONVERT_WEBHOOK_CURRENCY',
      `an order in ${currency} counts without an amount: the project has ${this.#currency}, and ` +
        (toProjectCurrency === undefined
          ? 'there is no option `toProjectCurrency`'
          : '`toProjectCurrency` gave no number'),
    );
    return undefined;
  }
}
