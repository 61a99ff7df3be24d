/** The target of a request and the host it went to, split without a URL parser. */
import { clip } from './text-decoding.js';

export interface RequestTarget {
  /** Path with its query, beginning with `/`. */
  readonly text: string;
  readonly path: string;
  /** Without the `?`; '' if there is none. */
  readonly query: string;
}

/** Longest URL, path, query and referrer that is looked at, in characters. What browsers send is far below. */
export const MAX_URL = 8192;

/** `http://host/path?query`, as proxies send it: whatever host it names, ours comes from the framework. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;

export function parseTarget(url: string): RequestTarget {
  // Room for the slash that may be added.
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

/** A DNS name is at most 253 characters long. */
const MAX_HOST = 260;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d*)?$/i;

/**
 * A host without its port, in lower case; an IPv6 address keeps its brackets, as in `location.hostname`.
 * `undefined` if it is none.
 */
export function hostnameOf(host: string): string | undefined {
  return host.length > MAX_HOST ? undefined : HOST.exec(host)?.[1]?.toLowerCase();
}

const AUTHORITY = /^https?:\/\/([^/?#\\]*)/i;

/** The host of an absolute http(s) URL, with its port if it names one; `undefined` for anything else. */
export function urlHost(url: string): string | undefined {
  const authority = AUTHORITY.exec(clip(url, MAX_URL))?.[1];
  return authority?.slice(authority.lastIndexOf('@') + 1);
}
