/** Amounts of money: how many decimals a currency has, and amounts in its smallest unit. */

const NONE = [
  'BIF',
  'CLP',
  'DJF',
  'GNF',
  'ISK',
  'JPY',
  'KMF',
  'KRW',
  'PYG',
  'RWF',
  'UGX',
  'UYI',
  'VND',
  'VUV',
];
const FRANCS = ['XAF', 'XOF', 'XPF'];
const THREE = ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'];

/**
 * The decimals of the currencies that have not two of them (ISO 4217). Not by `Intl`, which tells how many decimals
 * people write: none for some currencies that ISO gives two.
 */
const DECIMALS: ReadonlyMap<string, number> = new Map([
  ...[...NONE, ...FRANCS].map((code): [string, number] => [code, 0]),
  ...THREE.map((code): [string, number] => [code, 3]),
  ['CLF', 4],
  ['UYW', 4],
]);

/** The decimals that a platform gives a currency otherwise than ISO 4217, by its code. */
export type CurrencyDecimals = Readonly<Record<string, number>>;

/** A number as text, as platforms write amounts: `49.90`, `-3`. */
const NUMBER = /^-?\d{1,20}(?:\.\d{1,20})?$/;

/** Returns an amount as a number, if it is one or a text such as `'49.90'`; else undefined. */
export function amountOf(value: unknown): number | undefined {
  if (typeof value === 'string') return NUMBER.test(value) ? Number(value) : undefined;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/**
 * Turns an amount in the smallest unit of its currency (cents) into one in its major unit (euros). Currencies without
 * decimals (JPY) and with three (KWD) are known. Undefined if there is no amount; NaN if it is neither a number nor
 * text that is one.
 *
 * @example
 * ```js
 * majorUnits(4990, 'EUR'); // 49.9
 * majorUnits('4990', 'JPY'); // 4990
 * ```
 *
 * @param exceptions the decimals of currencies for which a platform does not follow ISO 4217
 */
export function majorUnits(
  amount: unknown,
  currency: unknown,
  exceptions: CurrencyDecimals = {},
): number | undefined {
  if (amount === undefined || amount === null) return undefined;
  const number = amountOf(amount) ?? NaN;
  const code = typeof currency === 'string' ? currency.toUpperCase() : '';
  const decimals = Object.hasOwn(exceptions, code) ? exceptions[code]! : (DECIMALS.get(code) ?? 2);
  return number / 10 ** decimals;
}
