/** Reads whether a visitor has consented, from the sources that the option `consent` names. */
import type { IncomingRequest } from '../model/http.js';
import { validCookieNamed } from '../request/cookies.js';
import { callAppFunction, type RequestFunction, unknownAnswer } from '../utils/app-callback.js';
import type { ConvertError } from '../utils/errors.js';
import { answersBy, type ConsentAnswer, UNANSWERED } from './answer.js';
import { type ConsentPlatformOptions, PLATFORMS, type SimplePlatformName } from './platforms/index.js';
import type { Consent } from './platforms/types.js';

export type { ConsentAnswer, ConsentBy } from './answer.js';
export type { Consent } from './platforms/types.js';
export type { ConsentPlatformName, ConsentPlatformOptions } from './platforms/index.js';

/**
 * The treatment of visitors who have not granted consent.
 * - `block` shows the original page; nothing is set, stored or sent
 * - `silent` decides as usual; nothing is set, stored or sent
 * - `hold` decides as usual; events wait in the visitor's state, at most 50 for 30 minutes, until a grant sends them or
 *   a denial deletes them
 *
 * `silent` and `hold` need an id that exists without our cookie (`visitor.id`).
 */
export type ConsentMode = 'block' | 'silent' | 'hold';

/**
 * Reads the consent answer from the framework's own request. `true` is granted, `false` denied, anything else unknown.
 */
export type ConsentFunction<Raw = unknown> = RequestFunction<Raw, Consent | boolean | null | undefined>;

/** Reads the consent from a cookie: `consent: { cookie }`. */
export interface ConsentCookieOptions {
  /** The name of the site's cookie that holds the visitor's answer. */
  cookie: string;
  /** The value, or values, that the cookie has if consent was granted. */
  granted: string | string[];
  /** The value, or values, that the cookie has if consent was denied. Default: every other value. */
  denied?: string | string[];
  /** The treatment of visitors who have not granted consent. Default `block`. */
  mode?: ConsentMode;
}

/** Asks a function of the app for the consent: `consent: { resolve }`. */
export interface ConsentFunctionOptions<Raw = unknown> {
  resolve: ConsentFunction<Raw>;
  /** The treatment of visitors who have not granted consent. Default `block`. */
  mode?: ConsentMode;
}

/** A source of the visitor's answer: a platform, a cookie of the site, or a function. */
export type ConsentSource<Raw = unknown> =
  | SimplePlatformName
  | (ConsentPlatformOptions & { mode?: ConsentMode })
  | ConsentCookieOptions
  | ConsentFunction<Raw>
  | ConsentFunctionOptions<Raw>;

/** Asks several sources in turn: the first one that knows decides. */
export interface ConsentListOptions<Raw = unknown> {
  /** The sources, which are asked one after the other until one has an answer. */
  from: readonly ConsentSource<Raw>[];
  /** The mode for all sources. Default `block`. */
  mode?: ConsentMode;
}

/** One source, or several: the first that has an answer decides. */
export type ConsentOption<Raw = unknown> =
  ConsentSource<Raw> | readonly ConsentSource<Raw>[] | ConsentListOptions<Raw>;

export interface ConsentReader {
  read(request: IncomingRequest): ConsentAnswer;
}

/** The modes that the option `consent` names, each once; more than one is a mistake. */
export function consentModes(option: ConsentOption): ConsentMode[] {
  const named = [option, ...sourcesOf(option)].map((each) =>
    typeof each === 'object' && 'mode' in each ? each.mode : undefined,
  );
  return [...new Set(named.filter((mode) => mode !== undefined))];
}

/** The mode of the option `consent`, by default `block`; undefined if consent is not configured. */
export function consentMode(option: ConsentOption | undefined): ConsentMode | undefined {
  return option === undefined ? undefined : (consentModes(option)[0] ?? 'block');
}

/**
 * Makes the reader for the option `consent`. If a function of the app fails, the answer is `unknown`, and `onError` is
 * called.
 */
export function consentReader(option: ConsentOption, onError: (error: ConvertError) => void): ConsentReader {
  const readers = sourcesOf(option).map((source) => sourceReader(source, onError));
  const [only] = readers;
  if (only !== undefined && readers.length === 1) return only;
  return {
    read(request) {
      for (const reader of readers) {
        const said = reader.read(request);
        if (said.answer !== 'unknown') return said;
      }
      return UNANSWERED;
    },
  };
}

function sourcesOf(option: ConsentOption): readonly ConsentSource[] {
  if (typeof option !== 'object') return [option];
  if ('from' in option) return option.from;
  return Array.isArray(option) ? (option as readonly ConsentSource[]) : [option as ConsentSource];
}

function sourceReader(source: ConsentSource, onError: (error: ConvertError) => void): ConsentReader {
  if (typeof source === 'function') return functionReader(source, onError);
  if (typeof source === 'string') return platformReader({ platform: source });
  if ('platform' in source) return platformReader(source);
  return 'resolve' in source ? functionReader(source.resolve, onError) : cookieReader(source);
}

function platformReader({ platform, ...ids }: ConsentPlatformOptions): ConsentReader {
  const read = PLATFORMS[platform].reader(ids);
  const answers = answersBy(platform);
  return { read: (request) => answers[read(request)] };
}

function cookieReader({ cookie, granted, denied }: ConsentCookieOptions): ConsentReader {
  const validIn = validCookieNamed(cookie);
  const isGranted = oneOf(granted);
  const isDenied = denied === undefined ? () => true : oneOf(denied);
  const answers = answersBy('cookie');
  const answerOf = (value: string): ConsentAnswer | undefined => {
    if (isGranted(value)) return answers.granted;
    return isDenied(value) ? answers.denied : undefined;
  };
  return { read: (request) => validIn(request, answerOf) ?? answers.unknown };
}

function functionReader(ask: ConsentFunction, onError: (error: ConvertError) => void): ConsentReader {
  const question = { option: 'consent', otherwise: 'taken as unknown', onError };
  const answers = answersBy('function');
  return {
    read(request) {
      const answer = callAppFunction(ask, request.raw, question);
      if (answer === true || answer === 'granted') return answers.granted;
      if (answer === false || answer === 'denied') return answers.denied;
      if (answer !== 'unknown' && answer !== undefined && answer !== null) {
        onError(unknownAnswer(question, answer, "true, false, 'granted', 'denied' or 'unknown'"));
      }
      return answers.unknown;
    },
  };
}

function oneOf(values: string | string[]): (value: string) => boolean {
  const set = new Set(Array.isArray(values) ? values : [values]);
  return (value) => set.has(value);
}
