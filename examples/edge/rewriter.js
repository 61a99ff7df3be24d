/** A Cloudflare Worker before a site: it changes the headline in the HTML of the origin, while that streams through. */
/* global HTMLRewriter */
import { env } from 'cloudflare:workers';
import { withConvert } from 'convert-middleware/fetch';

/** The headline of each variation that is not the original. */
const HEADLINES = { 'version-b': 'Know what works.' };

const handle = withConvert(
  async (request, convert) => {
    const response = await fetch(request);
    if (!response.headers.get('content-type')?.startsWith('text/html')) return response;
    const headline = HEADLINES[convert.runExperience('homepage-hero')?.key];
    const page = personal(response);
    if (headline === undefined) return page;
    return new HTMLRewriter()
      .on('h1.hero', { element: (element) => void element.setInnerContent(headline) })
      .transform(page);
  },
  {
    sdkKey: env.CONVERT_SDK_KEY,
    projectCache: env.CONFIG,
    geo: 'cloudflare',
    // The instances of a Worker share no memory: what visitors were given travels in a cookie.
    secrets: env.CONVERT_SECRET,
    assignmentCookie: true,
  },
);

/** Headers by which a cache would keep the page of one visitor for others, or take two variations for one page. */
const NOT_PERSONAL = ['etag', 'last-modified', 'cdn-cache-control', 'surrogate-control'];

/** Returns the page with the headers of the origin, but for those that let a cache keep it for other visitors. */
function personal(response) {
  const page = new Response(response.body, response);
  for (const name of NOT_PERSONAL) page.headers.delete(name);
  const isPersonal = /private|no-store/.test(page.headers.get('cache-control'));
  if (!isPersonal) page.headers.set('cache-control', 'private, no-cache');
  return page;
}

export default {
  fetch: (request, _, ctx) =>
    handle(request, {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: (promise) => ctx.waitUntil(promise),
    }),
};
