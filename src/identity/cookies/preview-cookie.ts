/** The cookie that keeps a preview while its viewer goes from page to page; it ends with the browser's session. */
import type { IncomingRequest } from '../../model/http.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import { NOTHING } from '../../utils/objects.js';
import { setCookie } from './set-cookie.js';
import { cookieAttributes, type CookieOptions } from './visitor-cookie.js';
import type { PreviewSigner, SignedPreviews } from './preview-signer.js';

/**
 * The options of the preview cookie. Options that are not given are those of the visitor cookie, except for `name`.
 * Scripts can not read the cookie.
 */
export interface PreviewCookieOptions extends Omit<CookieOptions, 'maxAge'> {
  /** The name of the cookie. Default `cv_preview`. */
  name?: string;
}

export const PREVIEW_COOKIE_NAME = 'cv_preview';

export interface PreviewCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** Reads the first cookie that this package has signed, expired or not; undefined if there is none. */
  read(request: IncomingRequest): SignedPreviews | undefined;
  /** Makes the `Set-Cookie` line. */
  issue(previews: SignedPreviews, request: IncomingRequest): string;
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
}

/** @param visitor the options of the visitor cookie, which are the defaults for those of this cookie */
export function previewCookie(
  signer: PreviewSigner,
  options: PreviewCookieOptions = NOTHING,
  visitor: CookieOptions = NOTHING,
): PreviewCookie {
  const { name = PREVIEW_COOKIE_NAME } = options;
  const cookie = setCookie({
    name,
    ...cookieAttributes(visitor, options),
    maxAge: undefined,
    httpOnly: true,
  });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);
  return {
    present: (request) => valueIn(request) !== undefined,
    read: (request) =>
      validIn(request, (value) => {
        const found = signer.read(value);
        // A link is none: whoever can write a cookie for the site could keep somebody in a preview with it.
        return found?.kind === 'link' ? undefined : found;
      }),
    issue: (previews, request) => cookie.issue(signer.sign(previews), request),
    expire: (request) => cookie.expire(request),
  };
}
