/** Where the shop listens, and the addresses at which browsers find it. */
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Without a wish, only this machine gets an answer. */
export const LOOPBACK = '127.0.0.1';

/** These stand for every address of the machine. */
const EVERY = new Set(['0.0.0.0', '::']);

/** @throws Error if the text is no IP address */
export function hostOf(text) {
  if (isIP(text)) return text;
  throw new Error(
    `HOST=${text} is no IP address: choose 0.0.0.0 for phones in your network, or leave it out`,
  );
}

/**
 * The URL for this machine, and those for the others in its network.
 *
 * @param listening what `server.address()` returns
 */
export function addressesOf({ address, port }) {
  const urlOf = (host) => `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  if (!EVERY.has(address)) {
    const isOwn = address.startsWith('127.') || address === '::1';
    return { url: urlOf(address), network: isOwn ? [] : [urlOf(address)] };
  }
  const others = Object.values(networkInterfaces())
    .flat()
    .filter(({ family, internal }) => family === 'IPv4' && !internal);
  return { url: urlOf(LOOPBACK), network: others.map((each) => urlOf(each.address)) };
}
