/** Knows the tokens of callers. */
import { hash, timingSafeEqual } from 'node:crypto';

const digestOf = (token: string): Buffer => hash('sha256', token, 'buffer');

export class Tokens {
  readonly #known: readonly { readonly digest: Buffer; readonly name: string }[];

  constructor(tokens: string | readonly string[]) {
    this.#known = [tokens].flat().map((token) => {
      const digest = digestOf(token);
      return { digest, name: digest.toString('hex', 0, 8) };
    });
  }

  /**
   * Returns a name of the token that may be stored, a part of its hash; undefined if it is none of the tokens. The time
   * tells nothing of the tokens: hashes are compared, and each with all.
   */
  nameOf(given: unknown): string | undefined {
    if (typeof given !== 'string') return undefined;
    const digest = digestOf(given);
    return this.#known.filter((each) => timingSafeEqual(each.digest, digest))[0]?.name;
  }
}
