/**
 * What browsers send of the consent platforms' cookies: most are from public issues and repositories, with the ids in them
 * neutralised; the others are these, cut off, encoded once more, or spoilt. As JSON, for the benchmark's sake.
 */
import type { Consent, ConsentPlatformName } from '../../../src/consent/consent.js';
import strings from './strings.json' with { type: 'json' };

export const KINDS = ['granted', 'denied', 'undecided', 'malformed', 'truncated', 'double-encoded'] as const;

export interface Captured {
  kind: (typeof KINDS)[number];
  answer: Consent;
  /** The header. */
  cookie: string;
  ids?: Record<string, unknown>;
}

export const STRINGS = strings as unknown as Record<ConsentPlatformName, Captured[]>;
