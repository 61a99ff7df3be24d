/** An answer, and who gave it. */
import type { ConsentPlatformName } from './platforms/index.js';
import type { Consent } from './platforms/types.js';
/**
 * - a platform, `cookie`, `function`: what the option `consent` names
 * - `Sec-GPC`, `DNT`, `_conv_prevent_tracking`: an opt-out that the browser sent
 * - `stored`, `forVisitor`: of a job, what the visitor's last request said, or what the job itself did
 * - `none`: nobody has answered, or nobody is asked
 */
export type ConsentBy =
  ConsentPlatformName | OptOut | 'cookie' | 'function' | 'stored' | 'forVisitor' | 'none';

export interface ConsentAnswer {
  readonly answer: Consent;
  readonly by: ConsentBy;
  /** A denial for want of knowledge, which the next request may have: nothing is deleted for it. Default false. */
  readonly provisional?: boolean;
}

/** Nobody has answered. */
export const UNANSWERED: ConsentAnswer = Object.freeze({ answer: 'unknown', by: 'none' });

/** Nobody is asked. */
export const UNASKED: ConsentAnswer = Object.freeze({ answer: 'granted', by: 'none' });

/** Answers are made once, not for each request. */
export function answersBy(by: ConsentBy): Readonly<Record<Consent, ConsentAnswer>> {
  return {
    granted: Object.freeze({ answer: 'granted', by }),
    denied: Object.freeze({ answer: 'denied', by }),
    unknown: UNANSWERED,
  };
}

/** What an opt-out was sent as. */
export type OptOut = 'Sec-GPC' | 'DNT' | '_conv_prevent_tracking';
