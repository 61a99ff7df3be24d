/** What `trackConversion` accepts as data of a transaction. */
import type { ConversionAttributes } from './types.js';
import { GOAL_DATA_KEYS } from '../model/tracking-event.js';

const KNOWN: ReadonlySet<unknown> = new Set(GOAL_DATA_KEYS);

/** What is wrong with the attributes of a conversion; undefined where nothing is. Values are never quoted. */
export function badConversion(attributes: ConversionAttributes): string | undefined {
  try {
    return wrongWith(attributes.conversionData);
  } catch {
    // A getter, or a Proxy.
    return '`conversionData` can not be read';
  }
}

function wrongWith(data: unknown): string | undefined {
  if (data === undefined || data === null) return undefined;
  if (!Array.isArray(data)) return '`conversionData` must be an array of { key, value }';
  for (const entry of data as unknown[]) {
    if (typeof entry !== 'object' || entry === null)
      return '`conversionData` must hold { key, value } objects';
    const { key, value } = entry as { key?: unknown; value?: unknown };
    if (!KNOWN.has(key))
      return `\`conversionData\` has an unknown key; known are ${GOAL_DATA_KEYS.join(', ')}`;
    const isRight = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    if (!isRight) return `the value of \`${String(key)}\` must be a finite number or a string`;
  }
  return undefined;
}
