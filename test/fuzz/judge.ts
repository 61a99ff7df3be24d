/** What an answer to a hostile request must be. */
import { wrongWithPage } from './page.js';
import type { FuzzRequest } from './requests.js';
import type { Answer } from './wire.js';

/** Those of Node, of the frameworks, of the apps here, and ours. */
const HEADERS: ReadonlySet<string> = new Set([
  ...[
    'connection',
    'keep-alive',
    'date',
    'content-length',
    'transfer-encoding',
    'content-type',
    'allow',
    'etag',
    'x-powered-by',
  ],
  // Express's own error page, and those of what it calls.
  ...['content-security-policy', 'x-content-type-options', 'content-range'],
  ...['set-cookie', 'cache-control', 'vary', 'accept-ch', 'critical-ch', 'x-convert-preview'],
]);

/** Names, values and attributes of ours; a cookie of more than 4,096 bytes is none. */
const COOKIE =
  /^(?:cv_vid|cv_vid_next|cv_sig|cv_asg|cv_ses|cv_preview)=[\w.-]*(?:; (?:Max-Age=\d+|Path=\/|Domain=shop\.example|Secure|HttpOnly|SameSite=Lax))*$/;
/** Five cookies; a denial removes each of them in up to two forms. */
const MAX_COOKIES = 10;
/** What a preview shows, by ids of the project. */
const PREVIEW = /^(?:none|expired|\d{1,20}\.\d{1,20}(?:, \d{1,20}\.\d{1,20}){0,15})$/;
const MAX_COOKIE = 4096;

/** undefined, or what is wrong. */
export function wrongWith(request: FuzzRequest, { status, headers, body }: Answer): string | undefined {
  const values = (name: string): string[] =>
    headers.filter(([each]) => each === name).map(([, value]) => value);
  if (status >= 500) return `status ${status}: ${body.slice(0, 500)}`;
  for (const [name] of headers) if (!HEADERS.has(name)) return `a header of its own: ${name}`;
  for (const once of [
    'content-length',
    'content-type',
    'cache-control',
    'x-convert-preview',
    'vary',
    'accept-ch',
    'critical-ch',
  ]) {
    if (values(once).length > 1) return `${once} twice`;
  }
  for (const shown of values('x-convert-preview')) {
    if (!PREVIEW.test(shown)) return `a preview of ${shown}`;
    if (values('cache-control').join() !== 'private, no-store') return 'a preview that may be stored';
  }
  const cookies = values('set-cookie');
  if (cookies.length > MAX_COOKIES) return `${cookies.length} cookies`;
  // A denial removes a cookie once for each form in which it may have been set.
  const set = cookies.filter((line) => !/; Max-Age=0;/.test(line)).map((line) => line.split('=')[0]);
  if (new Set(set).size < set.length) return 'a cookie twice';
  for (const line of cookies)
    if (!COOKIE.test(line) || line.length > MAX_COOKIE) return `a cookie that is none of ours: ${line}`;
  if (status !== 200 || request.method === 'HEAD' || !body.startsWith('<!doctype html>')) return undefined;
  return wrongWithPage(Buffer.from(body, 'latin1').toString('utf8'));
}
