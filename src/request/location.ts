/** The location properties that a request tells. Their names are API: rules match them verbatim. */
import type { PropertyTable } from './lazy-properties.js';
import { clip } from './text-decoding.js';
import { MAX_URL } from './url.js';

/** Texts are cut at 8,192 characters. */
export interface LocationProperties {
  /** `protocol://host/path?query`, as the browser shows it, without a fragment. */
  readonly url?: string;
  /** As it was sent: percent escapes are not decoded. */
  readonly path?: string;
  /** Lower case, without the port. An IPv6 address keeps its brackets. */
  readonly hostname?: string;
  /** The Referer header; '' without one, as `document.referrer`. */
  readonly referrer?: string;
  /** The raw query string without its `?`; '' if there is none. */
  readonly query?: string;
  /** `http` or `https` */
  readonly protocol?: string;
}

export const LOCATION_PROPERTIES: PropertyTable<LocationProperties> = {
  url: ({ protocol, hostname, host, target }) =>
    protocol === undefined || hostname === undefined
      ? undefined
      : clip(`${protocol}://${host.toLowerCase()}${target.text}`, MAX_URL),
  path: (facts) => facts.target.path,
  hostname: (facts) => facts.hostname,
  referrer: (facts) => facts.referrer,
  query: (facts) => facts.target.query,
  protocol: (facts) => facts.protocol,
};
