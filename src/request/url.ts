/** Splits the target of a request (path and query) and its host, without parsing a whole URL. */
import { clip } from './text-decoding.js';

export interface RequestTarget {
  /** Path with its query, beginning with `/`. */
  readonly text: string;
  readonly path: string;
  /** The query without the `?`; '' if there is none. */
  readonly query: string;
}

/** The number of characters of a URL, path, query or referrer that are read. Browsers send far fewer. */
export const MAX_URL = 8192;

/**
 * The scheme and host of a target such as `http://host/path`, as proxies send it. They are cut off, since the framework
 * tells the host.
 */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

export function parseTarget(url: string): RequestTarget {
  // One character of `MAX_URL` is left for a slash that may be added.
  let text = clip(url, MAX_URL - 1);
  const hash = text.indexOf('#');
  if (hash >= 0) text = text.slice(0, hash);
  if (!text.startsWith('/')) {
    text = text.replace(ORIGIN, '');
    if (!text.startsWith('/')) text = `/${text}`;
  }
  const mark = text.indexOf('?');
  return mark < 0
    ? { text, path: text, query: '' }
    : { text, path: text.slice(0, mark), query: text.slice(mark + 1) };
}

/** The length of the longest host with a port. A DNS name has 253 characters at most. */
const MAX_HOST = 260;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d*)?$/i;

/**
 * Returns a host without its port, in lower case; an IPv6 address keeps its brackets, as in `location.hostname`.
 * `undefined` if the text is no host.
 */
export function hostnameOf(host: string): string | undefined {
  return host.length > MAX_HOST ? undefined : HOST.exec(host)?.[1]?.toLowerCase();
}

const AUTHORITY = /^https?:\/\/([^/?#\\]*)/i;

/** Returns the host of an absolute http(s) URL, with its port if the URL names one; undefined for any other text. */
export function urlHost(url: string): string | undefined {
  const authority = AUTHORITY.exec(clip(url, MAX_URL))?.[1];
  return authority?.slice(authority.lastIndexOf('@') + 1);
}
