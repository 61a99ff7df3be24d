/** Checks the signatures of webhooks: HMAC and Ed25519, in constant time, with several keys and a tolerance of time. */
import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { RouteRequest } from '../model/http.js';

/** What of a request is signed, and the signatures that it brings. */
export interface SignedParts {
  /** The parts that are signed, one right after the other. */
  readonly parts: readonly (string | Uint8Array)[];
  /** The signatures, as they stand in the request: any of them may be the right one. */
  readonly signatures: readonly string[];
  /** The time of signing, in milliseconds since the epoch; undefined if the platform signs no time. */
  readonly time?: number;
}

/** Finds the signature of a request; undefined if there is none, or if it is malformed. */
export type FindSignature = (request: RouteRequest) => SignedParts | undefined;

/** True if one of the signatures was made with this key. */
export type Key = (signed: SignedParts) => boolean;

/** `stale`: the signature is right, and its time is out of the tolerance. */
export type Verdict = 'verified' | 'bad-signature' | 'stale';

/** The most signatures of a request that are looked at: platforms send two while a secret is rotated. */
const MAX_SIGNATURES = 8;

export interface HmacFormat {
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly encoding: 'hex' | 'base64';
  /** What stands before each signature: `sha256=`. Signatures that begin otherwise are not looked at. */
  readonly prefix: string;
}

export function hmacKey(secret: string | Uint8Array, { algorithm, encoding, prefix }: HmacFormat): Key {
  return ({ parts, signatures }) => {
    const hmac = createHmac(algorithm, secret);
    for (const part of parts) hmac.update(part);
    const expected = Buffer.from(prefix + hmac.digest(encoding));
    return signatures.slice(0, MAX_SIGNATURES).some((signature) => {
      const given = Buffer.from(signature);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  };
}

/**
 * @param publicKey the 32 bytes of the key
 * @throws if the bytes are no key
 */
export function ed25519Key(publicKey: Uint8Array, prefix: string): Key {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return ({ parts, signatures }) => {
    const signed = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
    return signatures
      .slice(0, MAX_SIGNATURES)
      .filter((signature) => signature.startsWith(prefix))
      .some((signature) => {
        const given = Buffer.from(signature.slice(prefix.length), 'base64');
        return given.length === 64 && verify(null, signed, key, given);
      });
  };
}

/**
 * Checks a request.
 *
 * @param tolerance the seconds by which the time of signing may differ from now, in either direction
 * @param now milliseconds since the epoch
 */
export function checkSignature(
  signed: SignedParts | undefined,
  keys: readonly Key[],
  tolerance: number,
  now: number,
): Verdict {
  if (signed === undefined || !keys.some((matches) => matches(signed))) return 'bad-signature';
  const { time = now } = signed;
  return Math.abs(now - time) <= tolerance * 1000 ? 'verified' : 'stale';
}
