/** A route handler that counts a conversion. */
import { after } from 'next/server';
import { convert } from '../../convert.js';

export async function POST(request) {
  const { context, finish } = await convert().open(request, {
    ip: request.headers.get('x-real-ip'),
    waitUntil: after,
  });
  const { outcome } = context.trackConversion('purchase');
  return finish(Response.json({ outcome }));
}
