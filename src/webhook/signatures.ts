/** Checks the signatures of webhooks: HMAC and Ed25519, in constant time, with several keys and a tolerance of time. */
import type { RouteRequest } from '../model/http.js';
import type { Digests, HmacAlgorithm } from '../utils/digests.js';
import { BYTES } from '../utils/node/bytes.js';

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

/** Says whether one of the signatures was made with this key. Some platforms find that out later. */
export type Key = (signed: SignedParts, digests: Digests) => boolean | Promise<boolean>;

/** `stale`: the signature is right, and its time is out of the tolerance. */
export type Verdict = 'verified' | 'bad-signature' | 'stale';

/** The most signatures of a request that are looked at: platforms send two while a secret is rotated. */
const MAX_SIGNATURES = 8;

export interface HmacFormat {
  readonly algorithm: HmacAlgorithm;
  readonly encoding: 'hex' | 'base64';
  /** What stands before each signature: `sha256=`. Signatures that begin otherwise are not looked at. */
  readonly prefix: string;
}

export function hmacKey(secret: string | Uint8Array, { algorithm, encoding, prefix }: HmacFormat): Key {
  return ({ parts, signatures }, digests) => {
    const signed = digests.hmac(algorithm, secret, parts, encoding);
    const isGiven = (made: string): boolean => {
      const expected = prefix + made;
      const isExpected = (given: string): boolean =>
        given.length === expected.length && digests.isEqual(given, expected);
      return signatures.slice(0, MAX_SIGNATURES).some(isExpected);
    };
    return signed instanceof Promise ? signed.then(isGiven) : isGiven(signed);
  };
}

/** @param publicKey the 32 bytes of the key */
export function ed25519Key(publicKey: Uint8Array, prefix: string): Key {
  return ({ parts, signatures }, digests) => {
    const given = signatures.slice(0, MAX_SIGNATURES).filter((signature) => signature.startsWith(prefix));
    const all = given.map((signature) => bytesOf(signature.slice(prefix.length)));
    const isSigned = digests.ed25519(publicKey);
    return anyOf(all.map((signature) => signature?.length === 64 && isSigned(signature, parts)));
  };
}

/** Undefined if the text is no Base64. */
function bytesOf(base64: string): Uint8Array | undefined {
  try {
    return BYTES.decode(base64.replace(/=+$/, ''));
  } catch {
    return undefined;
  }
}

function anyOf(answers: readonly (boolean | Promise<boolean>)[]): boolean | Promise<boolean> {
  if (answers.every((answer) => typeof answer === 'boolean')) return answers.includes(true);
  return Promise.all(answers.map(async (answer) => answer)).then((all) => all.includes(true));
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
  digests: Digests,
): Verdict | Promise<Verdict> {
  if (signed === undefined) return 'bad-signature';
  const { time = now } = signed;
  const verdict = (isSigned: boolean): Verdict => {
    if (!isSigned) return 'bad-signature';
    return Math.abs(now - time) <= tolerance * 1000 ? 'verified' : 'stale';
  };
  const isSigned = anyOf(keys.map((matches) => matches(signed, digests)));
  return isSigned instanceof Promise ? isSigned.then(verdict) : verdict(isSigned);
}
