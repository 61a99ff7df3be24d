'use server';

/** A server function that counts a conversion. Next makes the request for it, and the response. */
import { headers } from 'next/headers';
import { after } from 'next/server';
import { convert } from '../convert.js';

export async function order() {
  const request = new Request('https://shop.example/order', { method: 'POST', headers: await headers() });
  const { context, abandon } = await convert().open(request, { waitUntil: after });
  context.trackConversion('purchase');
  await abandon();
}
