/** Casts feature variables to the types that the feature declares, as the official SDK does. */

type Cast = (value: unknown) => unknown;

const asNumber =
  (parse: (text: string) => number): Cast =>
  (value) =>
    value === true ? 1 : value === false ? 0 : parse(String(value));

/** No other type is known; what is of one stays as it is. */
const CASTS: ReadonlyMap<string, Cast> = new Map<string, Cast>([
  ['boolean', (value) => value === 'true' || (value !== 'false' && Boolean(value))],
  ['float', asNumber(parseFloat)],
  ['integer', asNumber((text) => parseInt(text))],
  ['json', (value) => (typeof value === 'object' ? value : parsed(value))],
  ['string', String],
]);

/** Throws for an object that can't be written as text. */
export function cast(value: unknown, type: string): unknown {
  const to = CASTS.get(type);
  return to === undefined ? value : to(value);
}

/** Text that is no JSON stays text. */
function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    return String(value);
  }
}
