/**
 * Signing with the `secrets` of the options: a key of its own per purpose, so that nothing signed for one passes
 * for another.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** Newest first. */
export type Secrets = string | readonly string[];

export interface Signer {
  /**
   * The first 128 bits of an HMAC-SHA256 in 25 characters of `[0-9a-z]`: base64 may spell what firewalls take for an
   * attack (`--`). Made with the first secret.
   */
  sign(text: string): string;
  /** Which secret made this signature: `previous` is one after the first. undefined: none of them did. */
  verify(text: string, signature: string): 'current' | 'previous' | undefined;
}

/** Characters of a signature. */
export const SIGNATURE_LENGTH = 25;

const SIGNATURE = /^[0-9a-z]{25}$/;

export function createSigner(secrets: Secrets, purpose: string): Signer {
  const keys = [secrets].flat().map((secret) => keyFor(secret, purpose));
  return {
    sign: (text) => signature(keys[0]!, text),
    verify(text, given) {
      if (!SIGNATURE.test(given)) return undefined;
      const bytes = Buffer.from(given, 'latin1');
      const place = keys.findIndex((key) =>
        timingSafeEqual(Buffer.from(signature(key, text), 'latin1'), bytes),
      );
      return place === -1 ? undefined : place === 0 ? 'current' : 'previous';
    },
  };
}

/** A key object shows nothing where it is printed. */
function keyFor(secret: string, purpose: string): KeyObject {
  return createSecretKey(createHmac('sha256', secret).update(`convert-middleware ${purpose}`).digest());
}

function signature(key: KeyObject, text: string): string {
  const half = createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
  return BigInt(`0x${half}`).toString(36).padStart(SIGNATURE_LENGTH, '0');
}
