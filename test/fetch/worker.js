/** A Cloudflare Worker, as the guide shows it. The test puts the options in. */
/* global __OPTIONS__ */
import { env } from 'cloudflare:workers';
import { withConvert } from '../../dist/fetch.mjs';

const handle = withConvert(
  (request, convert) => {
    const variation = convert.runExperience('homepage-hero')?.key ?? 'none';
    convert.trackConversion('purchase');
    return new Response(`${variation} ${convert.visitorProperties.country} ${convert.carry()}`);
  },
  { ...__OPTIONS__, projectCache: env.CONFIG, geo: 'cloudflare' },
);

export default {
  fetch: (request, env, ctx) =>
    handle(request, {
      ip: request.headers.get('cf-connecting-ip'),
      waitUntil: request.headers.has('x-no-wait-until') ? undefined : (promise) => ctx.waitUntil(promise),
    }),
};
