/** Checks visitor state that a store returns: a malformed field counts as absent. */
import { isPlainObject, ownProperties, ownValue } from '../../utils/objects.js';
import { FORMATS, isKnownFormat } from '../formats.js';
import { noteProblem } from './state-problem.js';
import type { DeferredChange, DeferredEvent, StateChange, VisitorState } from './types.js';

/**
 * Returns the visitor state without malformed fields; undefined if `value` is not an object. Fields that this package
 * does not know are kept. Of a document in an unknown format, only the fields of the official SDK are read. `problemOf`
 * tells of both.
 */
export function parseState(value: unknown): VisitorState | undefined {
  if (!isPlainObject(value)) return undefined;
  const { format = 1, ...fields } = ownProperties(value);
  const isKnown = isKnownFormat('state', format);
  const state = ownProperties(isKnown ? fields : sdkFields(fields));
  if (!isKnown) noteProblem(state, 'unknownFormat');
  // A process of an older version can not settle its claims any more once the state is written in this format: they
  // stand, instead of lapsing although their events were sent.
  else if (Number(format) < FORMATS.state) delete state.pending;
  for (const field of Object.keys(state)) {
    const value = state[field];
    if (CHECKS.get(field)?.(value) !== false) continue;
    delete state[field];
    // A store that keeps objects may keep a field that is undefined, which JSON leaves out.
    if (isKnown && value !== undefined) noteProblem(state, 'malformed');
  }
  return state;
}

/**
 * Returns the state as a document that is stored: behind the number of its format. The official SDK ignores the number.
 */
export function documentOf(state: VisitorState): object {
  return Object.assign(ownProperties({ format: FORMATS.state }), state);
}

/** The fields of the official SDK, which mean the same in all formats: this package does not define them. */
function sdkFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const names = ['bucketing', 'goals', 'segments', 'locations'];
  return Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)));
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
const isFlag: Check = (value) => typeof value === 'boolean';
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isMapOf =
  (check: Check): Check =>
  (value) =>
    isPlainObject(value) && Object.values(value).every(check);
const isListOfText = isListOf(isText);

/** Makes a check for an object that has the fields of `needed`, and may have those of `more`. */
function isRecord(
  needed: Readonly<Record<string, Check>>,
  more: Readonly<Record<string, Check>> = {},
): Check {
  const must = Object.entries(needed);
  const may = Object.entries(more);
  return (value) =>
    isPlainObject(value) &&
    must.every(([field, check]) => check(ownValue(value, field))) &&
    may.every(([field, check]) => ownValue(value, field) === undefined || check(value[field]));
}

/** True for an id that may stand in the visitor cookie. */
export function isVisitorId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
}

/** Checks of a change that was deferred. Each field of a change may be absent. */
const CHANGE_FIELDS: Record<keyof StateChange, Check> = {
  claims: isMapOf(isRecord({ variationId: isText, exposed: isFlag }, { replaces: isText })),
  goals: isListOfText,
  transactions: isMapOf(isListOfText),
  segments: isPlainObject,
  locations: isListOfText,
  exposed: isListOfText,
  consent: isText,
  // A change that waits for consent holds no other one.
  hold: () => false,
  release: isFlag,
  at: isNumber,
  pending: isRecord({ claims: isListOfText, until: isNumber }),
  settled: isListOfText,
  alias: isVisitorId,
  users: isListOfText,
  carried: isNumber,
  deniedAt: isNumber,
  maxBytes: isNumber,
};

const EVENT_FIELDS = {
  event: isRecord({ eventType: isText, data: isPlainObject }),
} satisfies Partial<Record<keyof DeferredEvent, Check>>;

const isDeferredEvent = isRecord(EVENT_FIELDS, { segments: isPlainObject, claim: isText, also: isText });

const DEFERRED_FIELDS: Record<keyof DeferredChange, Check> = {
  at: isNumber,
  change: isRecord({}, CHANGE_FIELDS),
  events: isListOf(isDeferredEvent),
};

const STATE_FIELDS: Record<keyof VisitorState, Check> = {
  bucketing: isPlainObject,
  goals: isPlainObject,
  segments: isPlainObject,
  locations: isListOfText,
  unexposed: isListOfText,
  consent: (value) => value === 'granted' || value === 'denied',
  transactions: isMapOf(isListOfText),
  pending: isMapOf(isNumber),
  alias: isVisitorId,
  users: isListOfText,
  carried: isNumber,
  deniedAt: isNumber,
  commit: isText,
  held: isListOf(isRecord(DEFERRED_FIELDS)),
};

const CHECKS = new Map(Object.entries(STATE_FIELDS));
