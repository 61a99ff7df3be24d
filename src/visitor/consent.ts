/** Consent readers: what the visitor has said about being measured. */
import { askApp } from '../ask.js';
import type { ConvertError } from '../errors.js';
import type { IncomingRequest, RequestFunction } from '../exchange.js';
import { cookieNamed } from './cookie.js';

/** `unknown`: the visitor has not answered, or the answer can't be read. */
export type Consent = 'granted' | 'denied' | 'unknown';

/**
 * What happens without a grant.
 * - `block` the original page; nothing is set, stored or sent
 * - `silent` decides; nothing is set, stored or sent
 * - `hold` decides; what would be stored and sent waits with the visitor's state, at most 50 events for 30 minutes,
 *   until a grant sends or a denial deletes it
 *
 * `silent` and `hold` need an id that exists without our cookie (`visitor.id`).
 */
export type ConsentMode = 'block' | 'silent' | 'hold';

/** Answers for the framework's own request object. `true` is granted, `false` denied, anything else unknown. */
export type ConsentFunction<Raw = unknown> = RequestFunction<Raw, Consent | boolean | null | undefined>;

export interface ConsentCookieOptions {
  /** The name of the cookie. */
  cookie: string;
  /** Its value, or values, where consent was given. */
  granted: string | string[];
  /** Its value, or values, where consent was refused. Default: every other value. */
  denied?: string | string[];
  /** Default `block`. */
  mode?: ConsentMode;
}

export interface ConsentFunctionOptions<Raw = unknown> {
  resolve: ConsentFunction<Raw>;
  /** Default `block`. */
  mode?: ConsentMode;
}

/** A cookie of the site, a function, or a function with a mode. */
export type ConsentOption<Raw = unknown> =
  ConsentFunction<Raw> | ConsentCookieOptions | ConsentFunctionOptions<Raw>;

export interface ConsentReader {
  read(request: IncomingRequest): Consent;
}

/** The mode of an option; undefined where no consent is configured. */
export function consentMode(option: ConsentOption | undefined): ConsentMode | undefined {
  if (option === undefined) return undefined;
  return typeof option === 'function' ? 'block' : (option.mode ?? 'block');
}

/** The reader for an option. An answer that can't be had is `unknown`, and is told to `onError`. */
export function consentReader(option: ConsentOption, onError: (error: ConvertError) => void): ConsentReader {
  if (typeof option === 'function') return functionReader(option, onError);
  return 'resolve' in option ? functionReader(option.resolve, onError) : cookieReader(option);
}

function cookieReader({ cookie, granted, denied }: ConsentCookieOptions): ConsentReader {
  const valueIn = cookieNamed(cookie);
  const isGranted = oneOf(granted);
  const isDenied = denied === undefined ? () => true : oneOf(denied);
  return {
    read(request) {
      const value = valueIn(request);
      if (value === undefined) return 'unknown';
      if (isGranted(value)) return 'granted';
      return isDenied(value) ? 'denied' : 'unknown';
    },
  };
}

function functionReader(ask: ConsentFunction, onError: (error: ConvertError) => void): ConsentReader {
  const question = { option: 'consent', otherwise: 'taken as unknown', onError };
  return {
    read(request) {
      const answer = askApp(ask, request.raw, question);
      if (answer === true || answer === 'granted') return 'granted';
      return answer === false || answer === 'denied' ? 'denied' : 'unknown';
    },
  };
}

function oneOf(values: string | string[]): (value: string) => boolean {
  const set = new Set(Array.isArray(values) ? values : [values]);
  return (value) => set.has(value);
}
