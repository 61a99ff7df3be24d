/** Casts feature variables to the types that the feature declares, as the official SDK does. */

type Cast = (value: unknown) => unknown;

const asNumber =
  (parse: (text: string) => number): Cast =>
  (value) =>
    value === true ? 1 : value === false ? 0 : parse(String(value));

/** The casts, by the type that a feature declares for a variable. A variable of any other type keeps its value. */
const CASTS: ReadonlyMap<string, Cast> = new Map<string, Cast>([
  ['boolean', (value) => value === 'true' || (value !== 'false' && Boolean(value))],
  ['float', asNumber(parseFloat)],
  ['integer', asNumber((text) => parseInt(text))],
  ['json', (value) => (typeof value === 'object' ? value : parsed(value))],
  ['string', String],
]);

/** Casts the value of a feature variable to a type. Throws if the value is an object that can't be written as text. */
export function cast(value: unknown, type: string): unknown {
  const to = CASTS.get(type);
  return to === undefined ? value : to(value);
}

/** Parses JSON. Returns the value as text if it is not JSON. */
function parsed(value: unknown): unknown {
  try {
    return JSON.parse(String(value)) as unknown;
  } catch {
    return String(value);
  }
}
