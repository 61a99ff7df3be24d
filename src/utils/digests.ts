/** How texts are hashed and signed. Platforms differ in it, and not in the result. */

/** Makes the HMAC-SHA256 of a text (as UTF-8), all of it. */
export type Mac = (text: string, encoding: 'hex' | 'base64url') => string;

/** The hash functions with which others sign. */
export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** Hashes and signatures of a platform: those of Node, or pure ones with WebCrypto. */
export interface Digests {
  /** Returns the SHA-256 of bytes, or of a text (as UTF-8). */
  sha256(data: string | Uint8Array, encoding: 'base64' | 'base64url'): string;
  /**
   * Makes a function that signs with a secret. With `purpose`, the key is derived from the secret for that purpose
   * alone. Nothing that is printed shows the key.
   */
  mac(secret: string, purpose?: string): Mac;
  /**
   * True if both texts, of ASCII characters and of one length, are equal. The time that it takes does not tell where
   * they differ.
   */
  isEqual(text: string, other: string): boolean;
  /** Signs parts, one right after the other, with HMAC, as others do. Texts count as UTF-8. */
  hmac(
    algorithm: HmacAlgorithm,
    key: string | Uint8Array,
    parts: readonly (string | Uint8Array)[],
    encoding: 'hex' | 'base64',
  ): string | Promise<string>;
  /**
   * Makes a function that says whether parts, one right after the other, have this signature of Ed25519.
   *
   * @param publicKey the 32 bytes of the key
   */
  ed25519(
    publicKey: Uint8Array,
  ): (signature: Uint8Array, parts: readonly (string | Uint8Array)[]) => boolean | Promise<boolean>;
}
