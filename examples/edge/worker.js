/** A Cloudflare Worker that makes the page. `CONFIG` is a key-value namespace of it; the keys are secrets. */
import { env } from 'cloudflare:workers';
import { withConvert } from 'convert-middleware/fetch';

const handle = withConvert(
  (request, convert) => {
    const hero = convert.runExperience('homepage-hero');
    const headline = hero?.key === 'version-b' ? 'Know what works.' : 'Welcome';
    return new Response(`<h1>${headline}</h1>`, { headers: { 'content-type': 'text/html' } });
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

export default {
  fetch: (request, _, ctx) =>
    handle(request, {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: (promise) => ctx.waitUntil(promise),
    }),
};
