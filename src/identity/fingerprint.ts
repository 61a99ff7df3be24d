/** Makes fingerprints, the ids of visitors without a cookie. */
import { headerText, type IncomingRequest } from '../model/http.js';
import { plainAddress } from '../request/ip-address.js';
import type { Digests } from '../utils/digests.js';

/** Every fingerprint begins with this. No id in a cookie has a dot, so a cookie can not bring another client's. */
const PREFIX = 'fp.';

/**
 * Makes the function that takes fingerprints: the HMAC-SHA256 of ip, user agent and language, as `fp.` and 32
 * characters of base64url. A fingerprint changes when the client's address, browser version or language does, and
 * clients behind one address with the same browser share it.
 */
export function fingerprinter(digests: Digests, secret: string): (request: IncomingRequest) => string {
  const mac = digests.mac(secret);
  return ({ ip, headers }) => {
    const parts = [
      plainAddress(ip),
      headerText(headers['user-agent']) ?? '',
      headerText(headers['accept-language']) ?? '',
    ];
    // JSON keeps the parts apart, whatever they contain.
    return PREFIX + mac(JSON.stringify(parts), 'base64url').slice(0, 32);
  };
}

/** True for an id of the form of a fingerprint. */
export const isFingerprint = (id: string): boolean => FINGERPRINT.test(id);

const FINGERPRINT = /^fp\.[\w-]{32}$/;
