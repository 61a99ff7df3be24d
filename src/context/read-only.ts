/** Says which requests decide and leave no trace, and why a new visitor's id would be lost with the response. */
import { headerText, type IncomingRequest, type OutgoingResponse } from '../model/http.js';
import type { Runtime } from './runtime.js';

/**
 * Why decisions of a request are neither stored nor sent:
 * - `no-page` the method is none with which a page is asked for (HEAD, OPTIONS, TRACE), so nobody sees what is decided
 * - `preview` the URL has a preview link
 * - else the visitor is new, and the browser would not keep the cookie with the id, so that they would be somebody else
 *   on each page
 */
export type ReadOnlyReason = 'no-page' | 'preview' | LostIdentity;

export type LostIdentity = 'upgrade' | 'no-response' | 'head-sent' | 'cross-site-post' | 'cross-site-part';

export interface RequestCase {
  readonly request: IncomingRequest;
  readonly response: OutgoingResponse;
  /** True if the visitor's id was made in this request, so that a cookie has to carry it to the next one. */
  readonly isNew: boolean;
  /** True if browsers keep our cookies in pages of other sites, too (`sameSite: 'none'`). */
  readonly isCrossSiteCookie: boolean;
}

/** A way to lose a new visitor's id, and what the operator can do about it. */
interface Loss {
  readonly applies: (each: RequestCase) => boolean;
  /** undefined: there is nothing to tell. */
  readonly cure: string | undefined;
}

/** The first that applies counts. */
const LOSSES: Readonly<Record<LostIdentity, Loss>> = {
  upgrade: {
    applies: ({ request }) => isUpgrade(request),
    cure: 'the answer to a WebSocket upgrade sets no cookie: read `visitorId` in the page that opens the socket',
  },
  // Nobody is there any more; or a hook of Fastify reads the context before there is one, which has its own warning.
  'no-response': { applies: ({ response }) => response.headersSent && response.closed, cure: undefined },
  'head-sent': {
    applies: ({ response }) => response.headersSent,
    cure:
      'the response head was sent before: read `visitorId` of the context (`req.convert.visitorId`) before the page' +
      ' is rendered, as streams and components that suspend send the head early',
  },
  'cross-site-post': {
    applies: ({ request, isCrossSiteCookie }) =>
      !isCrossSiteCookie && !isSafe(request) && isCrossSite(request),
    cure:
      'another site has sent the browser here with a POST, with which browsers send no cookie of ours: answer with a' +
      ' redirect (303) to a page of your own, and decide and count there',
  },
  'cross-site-part': {
    applies: ({ request, isCrossSiteCookie }) =>
      !isCrossSiteCookie && !isTopNavigation(request) && (isCrossSite(request) || isThirdParty(request)),
    cure:
      'the page is part of a page of another site (an image, a frame, a fetch), where browsers keep no cookie of' +
      ' ours:' +
      " if that is meant, set `visitor.cookie: { sameSite: 'none', partitioned: true }`",
  },
};
const LOST = Object.keys(LOSSES) as LostIdentity[];

/** Methods with a response that somebody may see. CONNECT opens a WebSocket over HTTP/2. */
const PAGE_METHODS: ReadonlySet<string> = new Set([
  ...['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'QUERY'],
  'CONNECT',
]);

/** Returns why the request leaves no trace of its visitor; undefined if it may leave one. */
export function readOnlyReason(each: RequestCase): Exclude<ReadOnlyReason, 'preview'> | undefined {
  if (!PAGE_METHODS.has(each.request.method)) return 'no-page';
  return each.isNew ? LOST.find((loss) => LOSSES[loss].applies(each)) : undefined;
}

export const isLostIdentity = (reason: ReadOnlyReason): reason is LostIdentity => reason in LOSSES;

/** Tells the operator, once for each way, that a new visitor is not enrolled or a conversion not counted. */
export function warnOfLostIdentity(runtime: Pick<Runtime, 'warnOnce'>, reason: LostIdentity): void {
  const { cure } = LOSSES[reason];
  if (cure === undefined) return;
  runtime.warnOnce(
    'CONVERT_NO_IDENTITY',
    `a new visitor can not be given an id, so they are not enrolled and nothing of them counts (no-identity):` +
      ` ${cure}`,
    reason,
  );
}

/** True for a WebSocket upgrade, of HTTP/1 or HTTP/2: its response may never send a head, and never end. */
export function isUpgrade({ method, headers }: IncomingRequest): boolean {
  const protocol = headerText(headers.upgrade);
  return method === 'CONNECT' || (protocol !== undefined && /^\s*websocket\s*$/i.test(protocol));
}

const isSafe = ({ method }: IncomingRequest): boolean => method === 'GET';

const isTopNavigation = ({ headers }: IncomingRequest): boolean =>
  headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';

/**
 * True if a page of another site has made the browser send the request. Browsers that say nothing of it (over plain
 * http, and before 2023) send `Origin` with what is not a plain navigation.
 */
function isCrossSite(request: IncomingRequest): boolean {
  const site = headerText(request.headers['sec-fetch-site']);
  return site === undefined ? isForeignOrigin(request) : site === 'cross-site';
}

/**
 * True if the request comes from inside of a frame on another site, as by a link there, which is a request of our own
 * page: browsers send the header only from where they keep no cookie of ours
 * (https://privacycg.github.io/storage-access-headers/).
 */
const isThirdParty = ({ headers }: IncomingRequest): boolean =>
  headers['sec-fetch-storage-access'] !== undefined;

/**
 * True if `Origin` names another host. `X-Forwarded-Host` may excuse it, although anybody can send that: otherwise
 * nobody would be enrolled behind a proxy that the framework has not been told of.
 */
function isForeignOrigin({ headers, host }: IncomingRequest): boolean {
  const origin = headerText(headers.origin);
  if (origin === undefined) return false;
  const from = hostIn(origin);
  const own = [host, ...(headerText(headers['x-forwarded-host']) ?? '').split(',')];
  return from === '' || !own.some((each) => nameOf(each) === from);
}

/** The host of an origin without its port; '' for `null`, which is the origin of a page that has none. */
const hostIn = (origin: string): string => nameOf(/^[a-z][a-z0-9+.-]*:\/\/([^/]+)/i.exec(origin)?.[1] ?? '');

const nameOf = (host: string): string => host.trim().replace(/:\d*$/, '').toLowerCase();
