/** Finds the visitor that a caller asks for. */
import type { VisitorContext } from '../context/types.js';
import type { ForVisitorOptions } from '../convert/types.js';
import type { Context } from './body.js';
import type { Call } from './call.js';

/** Nothing of the caller's own request is read: its address and its user agent are those of a server. */
export function visitorOf({ convert, raw, body }: Call): Promise<VisitorContext> {
  const { visitor_id, userId, origin = 'cookie', consent, properties, context, identityContext } = body;
  const options: ForVisitorOptions = {
    origin,
    consent: consent ?? null,
    properties: properties ?? null,
    request: {
      url: urlOf(context) ?? null,
      referrer: context?.referrer ?? null,
      userAgent: context?.user_agent ?? identityContext?.userAgent ?? null,
      ip: context?.ip ?? identityContext?.ip ?? null,
    },
  };
  const id = visitor_id ?? userId;
  return convert.forVisitorWithin?.(raw, id, options) ?? convert.forVisitor(id, options);
}

/**
 * The URL of the page, with the query in `search` if that is given: it goes before that of the URL. An empty one leaves
 * no `?` behind: rules on the URL must match as in a page without a query.
 */
function urlOf({ url, search }: Context = {}): string | undefined {
  if (search === undefined) return url;
  const query = search.startsWith('?') ? search : `?${search}`;
  if (url === undefined) return query;
  const page = url.replace(/[?#].*$/s, '');
  return query === '?' ? page : page + query;
}
