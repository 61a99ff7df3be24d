/** Knows the tokens of callers. */
import type { Digests } from '../utils/digests.js';

export class Tokens {
  readonly #digests: Digests;
  readonly #known: readonly string[];

  constructor(tokens: string | readonly string[], digests: Digests) {
    this.#digests = digests;
    this.#known = [tokens].flat().map((token) => digests.sha256(token, 'base64url'));
  }

  /**
   * Returns a name of the token that may be stored, a part of its hash; undefined if it is none of the tokens. Hashes
   * are compared, in constant time, so that the time that it takes tells nothing of a token.
   */
  nameOf(given: unknown): string | undefined {
    if (typeof given !== 'string') return undefined;
    const hash = this.#digests.sha256(given, 'base64url');
    return this.#known.find((known) => this.#digests.isEqual(known, hash))?.slice(0, 16);
  }
}
