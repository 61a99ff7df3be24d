/**
 * Signs texts with the option `secrets`. Each purpose has a key of its own, so that a signature for one purpose is not
 * valid for another.
 */
import type { Digests, Mac } from '../../utils/digests.js';

/** One secret, or several, the newest first. */
export type Secrets = string | readonly string[];

export interface Signer {
  /**
   * Signs with the first secret: the first 128 bits of an HMAC-SHA256, as 25 characters of `[0-9a-z]`. Base64 is not
   * used, since it may contain `--`, which firewalls take for an attack.
   */
  sign(text: string): string;
  /**
   * Says which secret made a signature, or one of several signatures: `current` is the first secret, `previous` any
   * other; undefined if none of them did, or if the budget is used up. Each secret that is tried costs one HMAC,
   * however many signatures are given. Default: no bound.
   */
  verify(
    text: string,
    signatures: string | readonly string[],
    budget?: HmacBudget,
  ): 'current' | 'previous' | undefined;
}

/** The number of HMACs that may still be made. `verify` takes from it what it uses. */
export interface HmacBudget {
  left: number;
}

/** The number of characters of a signature. */
export const SIGNATURE_LENGTH = 25;

const SIGNATURE = /^[0-9a-z]{25}$/;

export function createSigner(digests: Digests, secrets: Secrets, purpose: string): Signer {
  const keys = [secrets].flat().map((secret) => digests.mac(secret, `convert-middleware ${purpose}`));
  return {
    sign: (text) => signature(keys[0]!, text),
    verify(text, signatures, budget = { left: Infinity }) {
      const given = [signatures].flat().filter((each) => SIGNATURE.test(each));
      const isMadeWith = (key: Mac): boolean => {
        budget.left -= 1;
        const expected = signature(key, text);
        return given.some((each) => digests.isEqual(expected, each));
      };
      if (given.length === 0) return undefined;
      const index = keys.findIndex((key) => budget.left > 0 && isMadeWith(key));
      return index === -1 ? undefined : index === 0 ? 'current' : 'previous';
    },
  };
}

function signature(key: Mac, text: string): string {
  const half = key(text, 'hex').slice(0, 32);
  return BigInt(`0x${half}`).toString(36).padStart(SIGNATURE_LENGTH, '0');
}
