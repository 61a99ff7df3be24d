/** Next calls this before the pages below: it decides, and sets the visitor's cookie. */
import { NextResponse } from 'next/server';
import { convert } from './convert.js';
import { PRICES } from './prices.js';

export async function proxy(request, event) {
  const { context, finish } = await convert().open(request, {
    ip: request.headers.get('x-real-ip'),
    waitUntil: (promise) => event.waitUntil(promise),
  });

  // One static page per variation. Only those that were built are asked for.
  if (request.nextUrl.pathname === '/pricing') {
    const prices = context.runExperience('prices')?.key;
    const page = PRICES.includes(prices) ? prices : 'original';
    return finish(NextResponse.rewrite(new URL(`/pricing/${page}`, request.url)));
  }

  // A page that is rendered per request reads the decisions from a header, which replaces one that a visitor has sent.
  context.runExperience('homepage-hero');
  const headers = new Headers(request.headers);
  headers.set('x-convert', context.bridge.json());
  return finish(NextResponse.next({ request: { headers } }));
}

export const config = { matcher: ['/', '/pricing'] };
