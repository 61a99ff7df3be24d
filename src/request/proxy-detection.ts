/**
 * Detects a proxy in front of the server that the framework does not trust: then the URL, the address and the country
 * of each visitor would be those of the proxy.
 */
import type { HeaderValue, IncomingRequest } from '../model/http.js';
import { plainAddress } from './ip-address.js';
import { hostnameOf } from './url.js';

/** The number of requests that are watched, from the first one on. */
const LOOKED_AT = 30;
/**
 * A warning is given if so many of the watched requests have headers of a proxy that the framework ignores. Anybody can
 * send such headers to a server without a proxy, but hardly in nearly all of its requests.
 */
const ENOUGH = 27;
/** The number of characters of a header that are read. They are read from its end, where proxies add their values. */
const MAX_HEADER = 1024;

/** Watches the first requests of a Convert for a proxy that the framework does not trust. */
export class ProxyWatch {
  #left = LOOKED_AT;
  #disbelieved = 0;

  /** Returns a warning for the operator, at most once: at the last of the watched requests. */
  see(request: IncomingRequest): string | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    if (isDisbelieved(request)) this.#disbelieved += 1;
    return this.#left === 0 && this.#disbelieved >= ENOUGH ? warning(request.proxySetting) : undefined;
  }
}

/**
 * True if the framework ignores the forwarding headers of a request. If it trusts the proxy, its `ip` is one of the
 * forwarded addresses, and its protocol and host are forwarded ones too.
 */
function isDisbelieved(request: IncomingRequest): boolean {
  const { headers } = request;
  const addresses = listed(headers['x-forwarded-for']);
  if (addresses.length > 0) {
    const ip = plainAddress(request.ip);
    return !addresses.some((address) => address === request.ip || plainAddress(address) === ip);
  }
  const protocols = listed(headers['x-forwarded-proto']);
  // If several protocols are forwarded, frameworks differ in which one they take.
  if (protocols.length > 0) return request.protocol === 'http' && protocols.every((each) => each === 'https');
  const host = hostnameOf(request.host);
  const hosts = listed(headers['x-forwarded-host']);
  return hosts.length > 0 && !hosts.some((each) => hostnameOf(each) === host);
}

function listed(header: HeaderValue): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .slice(-MAX_HEADER)
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

const SETTINGS =
  "app.set('trust proxy', 1) in Express, new Koa({ proxy: true, maxIpsCount: 1 }), Fastify({ trustProxy: " +
  "'its address' })";

function warning(setting = SETTINGS): string {
  return (
    'X-Forwarded-For, X-Forwarded-Proto or X-Forwarded-Host come with nearly every request, and the ' +
    'framework does not' +
    ' believe them: it has not been told of the proxy in front, so that URL, protocol, address and country ' +
    'may be those of the proxy, and cookies' +
    ` not Secure. Tell it: ${setting} (see docs/guides/proxies.md)`
  );
}
