/** Checks visitor state that a store returns: a malformed field counts as absent. */
import { isPlainObject, shallowCopy } from '../../utils/objects.js';
import type { VisitorState } from './types.js';

/**
 * Returns the visitor state without malformed fields; undefined if `value` is not an object. Fields that this package
 * does not know are kept.
 */
export function parseState(value: unknown): VisitorState | undefined {
  if (!isPlainObject(value)) return undefined;
  const state: Record<string, unknown> = shallowCopy(value);
  for (const field of Object.keys(state)) {
    if (CHECKS.get(field)?.(state[field]) === false) delete state[field];
  }
  return state;
}

const isListOfText = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** True for an id that may stand in the visitor cookie. */
export function isVisitorId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

const STATE_FIELDS: Record<keyof VisitorState, (value: unknown) => boolean> = {
  bucketing: isPlainObject,
  goals: isPlainObject,
  segments: isPlainObject,
  locations: isListOfText,
  unexposed: isListOfText,
  consent: (value) => value === 'granted' || value === 'denied',
  transactions: (value) => isPlainObject(value) && Object.values(value).every(isListOfText),
  pending: (value) => isPlainObject(value) && Object.values(value).every((each) => typeof each === 'number'),
  alias: isVisitorId,
  users: isListOfText,
  commit: (value) => typeof value === 'string',
  held: (value) =>
    Array.isArray(value) &&
    value.every((each) => isPlainObject(each) && isPlainObject(each.change) && Array.isArray(each.events)),
};

const CHECKS = new Map(Object.entries(STATE_FIELDS));
