/**
 * Writes and reads the text that carries a visitor away from the page, in an order, a form or a request to another
 * service, so that what happens there counts for them.
 */
import { FORMATS } from '../model/formats.js';
import type { IdOrigin } from '../model/store-key.js';
import type { Digests } from '../utils/digests.js';
import { BYTES } from '../utils/node/bytes.js';
import { createSigner, type Secrets, type Signer } from './cookies/signer.js';

/** Milliseconds for which a carried text is valid: 30 days. */
export const CARRIED_FOR = 30 * 24 * 60 * 60 * 1000;
/** The most characters of a carried text. */
export const MAX_CARRIED = 200;

export interface CarriedVisitor {
  readonly id: string;
  readonly origin: 'app' | 'cookie';
  /** True if consent was asked for, and the visitor had granted it when the text was made. */
  readonly isGranted: boolean;
  /** When the text was made, in milliseconds since the epoch. */
  readonly at: number;
}

/**
 * What a text is that came back. `bare`: none of ours, so a visitor id at best. `invalid`: it has the form of ours, and
 * is forged, cut, of another secret or of a newer version. `expired`: it is older than 30 days.
 */
export type ReadCarried = CarriedVisitor | 'bare' | 'invalid' | 'expired';

export interface VisitorCarrier {
  /**
   * Makes the text: letters, digits, `_` and `-` only, since some platforms drop a text with anything else (Stripe's
   * `client_reference_id`). Without secrets it is the bare id. '' if the id is too long for 200 characters, or has lone
   * surrogates.
   */
  write(visitor: {
    readonly id: string;
    readonly origin: IdOrigin;
    readonly isGranted: boolean;
    readonly at: number;
  }): string;
  /** Reads a text, of which nothing is believed that is not signed. `now` is in milliseconds since the epoch. */
  read(text: string, now: number): ReadCarried;
  /** True if there are secrets, so that every text that this package has made is signed. */
  readonly signs: boolean;
}

/** Every text of ours begins like this, and no visitor id is meant to. */
const OURS = /^cv\d{1,3}_[ac][gn][bp]_/;
/**
 * The number of the format; whether the id is the app's or a cookie's; whether consent was granted, or not asked for;
 * whether the id is in base64url or plain; the second; the id; the signature, whose length tells where the id ends.
 */
const FORM = /^cv(\d{1,3})_([ac])([gn])([bp])_([0-9a-z]{6,7})_([\w-]+)_([0-9a-z]{25})$/;
const PLAIN = /^[\w-]+$/;

/** A carried text names no project: the projects of one app share its visitors and their consent. */
export function visitorCarrier(digests: Digests, secrets: Secrets | undefined): VisitorCarrier {
  const signer = secrets === undefined ? undefined : createSigner(digests, secrets, 'carried visitors');
  const bounded = (text: string): string => (text.length > MAX_CARRIED ? '' : text);
  return {
    signs: signer !== undefined,
    write({ id, origin, isGranted, at }) {
      if (!id.isWellFormed()) return '';
      if (signer === undefined) return bounded(id);
      const isPlain = PLAIN.test(id);
      const letters = `${origin === 'app' ? 'a' : 'c'}${isGranted ? 'g' : 'n'}${isPlain ? 'p' : 'b'}`;
      const second = Math.floor(at / 1000).toString(36);
      const name = isPlain ? id : BYTES.toBase64url(id);
      const body = `cv${FORMATS.carriedVisitor}_${letters}_${second}_${name}`;
      return bounded(`${body}_${signer.sign(body)}`);
    },
    read(text, now) {
      if (!OURS.test(text)) return 'bare';
      const carried = signer && text.length <= MAX_CARRIED ? verified(text, signer) : undefined;
      if (carried === undefined) return 'invalid';
      // A text from the future was made by a server whose clock is ahead.
      return Math.abs(now - carried.at) < CARRIED_FOR ? carried : 'expired';
    },
  };
}

function verified(text: string, signer: Signer): CarriedVisitor | undefined {
  const [, format, origin, grant, coding, second = '', name = '', signature = ''] = FORM.exec(text) ?? [];
  // The format is compared before the signature: another one may sign other parts of the text.
  if (format !== String(FORMATS.carriedVisitor)) return undefined;
  if (signer.verify(text.slice(0, -signature.length - 1), signature) === undefined) return undefined;
  return {
    id: coding === 'p' ? name : BYTES.fromBase64url(name),
    origin: origin === 'a' ? 'app' : 'cookie',
    isGranted: grant === 'g',
    at: parseInt(second, 36) * 1000,
  };
}
