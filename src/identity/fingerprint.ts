/** Makes fingerprints, the ids of visitors without a cookie. */
import { createHmac } from 'node:crypto';
import { headerText, type IncomingRequest } from '../model/http.js';
import { plainAddress } from '../request/ip-address.js';

/** Every fingerprint begins with this. No id in a cookie has a dot, so a cookie can not bring another client's. */
const PREFIX = 'fp.';

/**
 * The HMAC-SHA256 of ip, user agent and language, as `fp.` and 32 characters of base64url. A fingerprint changes when
 * the client's address, browser version or language does, and clients behind one address with the same browser share
 * it.
 */
export function fingerprint(request: IncomingRequest, secret: string): string {
  const parts = [
    plainAddress(request.ip),
    headerText(request.headers['user-agent']) ?? '',
    headerText(request.headers['accept-language']) ?? '',
  ];
  // JSON keeps the parts apart, whatever they contain.
  const mac = createHmac('sha256', secret).update(JSON.stringify(parts)).digest('base64url');
  return PREFIX + mac.slice(0, 32);
}

/** True for an id of the form of a fingerprint. */
export const isFingerprint = (id: string): boolean => FINGERPRINT.test(id);

const FINGERPRINT = /^fp\.[\w-]{32}$/;
