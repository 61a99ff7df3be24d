/** A proxy in front that the framework has not been told of: URL, address and country would be the proxy's own. */
import type { HeaderValue, IncomingRequest } from '../model/http.js';
import { plainAddress } from './ip-address.js';
import { hostnameOf } from './url.js';

/** Visitors that are looked at, from the first one on. */
const LOOKED_AT = 30;
/**
 * Of these. Anybody can send such headers to a server that has no proxy, but hardly with nearly all of its requests.
 */
const ENOUGH = 27;
/** What proxies add stands at the end. */
const MAX_HEADER = 1024;

/** One for all requests of an instance. Costs nothing any more once it has seen enough. */
export class ProxyWatch {
  #left = LOOKED_AT;
  #disbelieved = 0;

  /** What to tell the operator: at most once, with the last of the requests that are looked at. */
  see(request: IncomingRequest): string | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    if (isDisbelieved(request)) this.#disbelieved += 1;
    return this.#left === 0 && this.#disbelieved >= ENOUGH ? warning(request.proxySetting) : undefined;
  }
}

/**
 * What a framework believes shows in what it says: its address is one of those that were forwarded, its protocol
 * theirs.
 */
function isDisbelieved(request: IncomingRequest): boolean {
  const { headers } = request;
  const addresses = listed(headers['x-forwarded-for']);
  if (addresses.length > 0) {
    const ip = plainAddress(request.ip);
    return !addresses.some((address) => address === request.ip || plainAddress(address) === ip);
  }
  const protocols = listed(headers['x-forwarded-proto']);
  // Of several, each framework believes another one.
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
  "app.set('trust proxy', 1) in Express, new Koa({ proxy: true, maxIpsCount: 1 }), Fastify({ trustProxy: 'its address' })";

function warning(setting = SETTINGS): string {
  return (
    'X-Forwarded-For, X-Forwarded-Proto or X-Forwarded-Host come with nearly every request, and the framework does not' +
    ' believe them: it has not been told of the proxy in front, so that URL, protocol, address and country may be those of the proxy, and cookies' +
    ` not Secure. Tell it: ${setting} (see docs/guides/proxies.md)`
  );
}
