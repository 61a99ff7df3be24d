/** A visitor's answer to the question for consent, and the source that it was read from. */
import type { ConsentPlatformName } from './platforms/index.js';
import type { Consent } from './platforms/types.js';

/**
 * The source of an answer:
 * - a platform, `cookie`, `function`: the source that the option `consent` names
 * - `Sec-GPC`, `DNT`, `_conv_prevent_tracking`: an opt-out that the browser sent
 * - `stored`, `forVisitor`: in a job, the answer that is stored with the visitor's state, or the one that the app gave
 *   to `forVisitor`
 * - `none`: the visitor has not answered, or consent is not configured
 */
export type ConsentBy =
  ConsentPlatformName | OptOut | 'cookie' | 'function' | 'stored' | 'forVisitor' | 'none';

/** The visitor's answer, and who has given it. */
export interface ConsentAnswer {
  readonly answer: Consent;
  readonly by: ConsentBy;
  /**
   * True for a denial that holds only until the country of the visitor is known, perhaps at the next request: nothing
   * is deleted because of it. Default false.
   */
  readonly provisional?: boolean;
}

/** Stands for a visitor who has not answered the question for consent. */
export const UNANSWERED: ConsentAnswer = Object.freeze({ answer: 'unknown', by: 'none' });

/** The answer if consent is not configured: the visitor takes part without being asked. */
export const UNASKED: ConsentAnswer = Object.freeze({ answer: 'granted', by: 'none' });

/** The three answers of one source, made once and shared by all requests. */
export function answersBy(by: ConsentBy): Readonly<Record<Consent, ConsentAnswer>> {
  return {
    granted: Object.freeze({ answer: 'granted', by }),
    denied: Object.freeze({ answer: 'denied', by }),
    unknown: UNANSWERED,
  };
}

/** The header or cookie in which the browser has sent an opt-out. */
export type OptOut = 'Sec-GPC' | 'DNT' | '_conv_prevent_tracking';
