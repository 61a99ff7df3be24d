/** Equality of answers. */
import fc from 'fast-check';
import type { VisitorState } from '../../src/model/visitor-state/types.js';

/** The compiled engine and a judge don't say the same. */
export class Difference extends Error {
  override readonly name = 'Difference';

  constructor(judge: Judge, what: string, expected: unknown, actual: unknown) {
    super(`${what}\n  ${judge}: ${fc.stringify(expected)}\n  compiled engine: ${fc.stringify(actual)}`);
  }
}

/** The official SDK, `sdkEngine`, or a rule of our own. */
export type Judge = 'SDK' | 'sdkEngine' | 'rule';

/** @param ordered the keys of objects have to stand in the same order, too */
export function expectSame(
  judge: Judge,
  what: string,
  expected: unknown,
  actual: unknown,
  ordered = false,
): void {
  if (!same(expected, actual, ordered)) throw new Difference(judge, what, expected, actual);
}

/** The state after a step, as far as the SDK has one. */
export function expectSameState(
  judge: Judge,
  expected: VisitorState,
  actual: VisitorState,
  { anyLocations = false } = {},
): void {
  expectSame(judge, 'the state', comparable(expected, anyLocations), comparable(actual, anyLocations));
}

/** Whether two values are the same, an undefined field and a missing one being the same, too. */
export function same(a: unknown, b: unknown, ordered = false): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((each, index) => same(each, b[index], ordered));
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  const keys = definedKeys(a);
  const others = definedKeys(b);
  if (keys.length !== others.length) return false;
  if (ordered && keys.some((key, index) => key !== others[index])) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(field(a, key), field(b, key), ordered));
}

function definedKeys(object: object): string[] {
  return Object.keys(object).filter((key) => field(object, key) !== undefined);
}

function field(object: object, key: string): unknown {
  return (object as Record<string, unknown>)[key];
}

/** Without what the SDK has not, and what it writes in another way. */
function comparable(
  { bucketing = {}, goals, segments = {}, locations = [] }: VisitorState,
  anyLocations: boolean,
) {
  const assigned = Object.entries(bucketing as Record<string, unknown>).map(([id, variationId]) => [
    id,
    // The SDK stores a forced id as the app gave it.
    typeof variationId === 'number' ? String(variationId) : variationId,
  ]);
  return {
    bucketing: Object.fromEntries(assigned) as unknown,
    goals: goals ?? {},
    segments: Object.fromEntries(Object.entries(segments).flatMap(comparableSegment)),
    locations: anyLocations ? undefined : named(locations),
  };
}

function comparableSegment([key, value]: [string, unknown]): [string, unknown][] {
  if (key === '__proto__') return [];
  if (key !== 'customSegments' || !Array.isArray(value)) return [[key, value]];
  const ids = named(value);
  return ids.length > 0 ? [[key, ids]] : [];
}

/** The SDK stores undefined for a location without a key, or a segment without an id; we store nothing for it. */
function named(list: readonly unknown[]): unknown[] {
  return list.filter((each) => each !== undefined);
}
