/** How texts are hashed and signed. Platforms differ in it, and not in the result. */

/** Makes the HMAC-SHA256 of a text (as UTF-8), all of it. */
export type Mac = (text: string, encoding: 'hex' | 'base64url') => string;

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
}
