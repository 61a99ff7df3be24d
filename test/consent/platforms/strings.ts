/**
 * What browsers send of the consent platforms' cookies: most are from public issues and repositories, with the ids in
 * them neutralised; the others are these, cut off, encoded once more, or spoilt. As JSON, for the benchmark's sake.
 */
import type { Consent, ConsentPlatformName } from '../../../src/consent/consent.js';
import strings from './strings.json' with { type: 'json' };

/** The kinds that each platform needs, with the answers that a cookie of the kind may have. */
export const KINDS = {
  granted: ['granted'],
  denied: ['denied'],
  /** The banner was not answered: the platform's other cookies, or one that waits for the answer. */
  undecided: ['unknown'],
  /** Not as the platform's script writes it. */
  malformed: ['unknown'],
  /** Cut off, at a place where the answer is not certain. */
  truncated: ['unknown'],
  /**
   * Escaped once more than the script does, as a proxy may: `%` is `%25`. A value that has nothing to escape gets an
   * escaped letter: `%2561llow` for `allow`.
   */
  'double-encoded': ['granted', 'denied'],
} satisfies Record<string, readonly Consent[]>;

export interface Captured {
  kind: keyof typeof KINDS;
  answer: Consent;
  /** The whole `Cookie` header, so that a platform with two cookies has both: `a=1; b=2`. */
  cookie: string;
  /** The options of the platform with which it is read, without `platform` and `mode`. Default: none. */
  ids?: Record<string, unknown>;
}

export const STRINGS = strings as unknown as Record<ConsentPlatformName, Captured[]>;
