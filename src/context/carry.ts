/** Carries a visitor out of a request: the text for an order, a form or another service, and the state behind it. */
import { attributeText } from '../bridge/escaping.js';
import { CARRIED_FOR } from '../identity/carried-visitor.js';
import type { VisitorState } from '../model/visitor-state/types.js';
import { asObject } from '../utils/objects.js';
import type { Participation } from './participation.js';
import type { Runtime } from './runtime.js';

/** The name of the header of `header()`. */
export const CARRY_HEADER = 'X-Convert-Visitor';
/** The name of the field of `hiddenField()`, if the app gives none. */
const FIELD = 'cv_vid';
/** Milliseconds for which the state is not told again that its visitor was carried. */
const DAY = 24 * 60 * 60 * 1000;

/**
 * Returns the text that carries the visitor of a request, and has their state kept for good; '' if nothing may be
 * counted for the visitor later: without consent, for bots, in previews, if the browser keeps no id, before the first
 * project config, and if the response goes to others, too.
 */
export function carriedText(
  runtime: Runtime,
  participation: Participation,
  idForPage: () => string | undefined,
): string {
  if (participation.status !== 'participating' || !participation.work.enrols) return '';
  const id = idForPage();
  if (id === undefined) return '';
  const { work, visitor } = participation;
  const at = runtime.now();
  const { origin } = visitor;
  const text = runtime.carrier.write({ id, origin, isGranted: runtime.consentConfigured, at });
  if (text === '') {
    runtime.warnOnce(
      'CONVERT_CARRY',
      'carry() gives no text for a visitor: their id is too long for 200 characters, or is no well-formed text',
    );
    return '';
  }
  if (!wasCarried(work.state, at, DAY)) work.record({ carried: at }, []);
  return text;
}

/** Returns a hidden field with the text; '' if there is none. */
export function hiddenField(text: string, options: { name?: string } | undefined): string {
  const { name = FIELD } = asObject(options);
  if (text === '') return '';
  return `<input type="hidden" name="${attributeText(String(name))}" value="${attributeText(text)}">`;
}

/** A header may have no other characters; a text that is not signed is an id of the app, which may. */
const IN_HEADER = /^[\x21-\x7e]+$/;

/** Returns the header with the text, for an outgoing request; an empty object if there is none. */
export function carryHeader(text: string): Record<string, string> {
  return IN_HEADER.test(text) ? { [CARRY_HEADER]: text } : {};
}

/**
 * True if texts may be under way that carry this visitor: the last was made within `age` milliseconds. By default, as
 * long as the last of them is valid: the state is told once a day, so it may be a day younger.
 */
export function wasCarried(
  { carried }: Pick<VisitorState, 'carried'>,
  now: number,
  age = CARRIED_FOR + DAY,
): boolean {
  return carried !== undefined && Math.abs(now - carried) < age;
}
