/** Checks and copies the data of a transaction that an app gives with a conversion. */
import { GOAL_DATA_KEYS, type GoalData } from '../model/tracking-event.js';
import { asObject, isObject, ownValue } from '../utils/objects.js';
import type { ConversionAttributes } from './types.js';

/**
 * Copies conversion data, so that the app can not change an event that is waiting to be sent. Text that is a number
 * becomes that number, where Convert adds numbers up.
 */
export function structuredCopy(goalData: NonNullable<ConversionAttributes['conversionData']>): GoalData[] {
  return goalData.map(({ key, value }) => ({
    key,
    value: NUMBERS.has(key) && isNumeric(value) ? Number(value) : copyOf(value),
  }));
}

/** Copies the attributes for an engine that sends conversion data as they are: text that is a number becomes one. */
export function withNumbers(attributes: ConversionAttributes): ConversionAttributes {
  const { ruleData, conversionData, conversionSetting } = attributes;
  // All fields are there, so that the official SDK finds none on a prototype.
  return {
    ruleData,
    conversionData: conversionData && structuredCopy(conversionData),
    conversionSetting: asObject(conversionSetting),
  };
}

/** The keys whose values Convert adds up. */
const NUMBERS: ReadonlySet<unknown> = new Set(['amount', 'productsCount']);
/** A number as text: `49.9`, `-1`, `1e3`. No hexadecimal digits, and no empty text, which `Number` takes for 0. */
const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;

function isNumeric(value: unknown): boolean {
  if (typeof value === 'string')
    return value.length <= 100 && NUMBER.test(value) && Number.isFinite(Number(value));
  return typeof value === 'number' && Number.isFinite(value);
}

const copyOf = (value: GoalData['value']): GoalData['value'] =>
  typeof value === 'object' ? [...value] : value;

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** The keys that `trackConversion` accepts as data of a transaction. */
const KNOWN: ReadonlySet<unknown> = new Set(GOAL_DATA_KEYS);

/** Describes the problem with the attributes of a conversion; undefined if there is none. The text quotes no value. */
export function badConversion(attributes: unknown): string | undefined {
  try {
    return isObject(attributes) ? wrongWith(ownValue(attributes, 'conversionData')) : undefined;
  } catch {
    // A getter or a Proxy has thrown.
    return '`conversionData` can not be read';
  }
}

function wrongWith(data: unknown): string | undefined {
  if (data === undefined || data === null) return undefined;
  if (!Array.isArray(data)) return '`conversionData` must be an array of { key, value }';
  for (const entry of data as unknown[]) {
    if (!isObject(entry)) return '`conversionData` must hold { key, value } objects';
    const [key, value] = [ownValue(entry, 'key'), ownValue(entry, 'value')];
    if (!KNOWN.has(key))
      return `\`conversionData\` has an unknown key; known are ${GOAL_DATA_KEYS.join(', ')}`;
    if (String(key).startsWith('customDimension') && isTexts(value)) continue;
    if (NUMBERS.has(key) && !isNumeric(value))
      return `the value of \`${String(key)}\` must be a finite number, or text that is one`;
    const isRight = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    if (!isRight) return `the value of \`${String(key)}\` must be a finite number or a string`;
  }
  return undefined;
}
