/** Puts the context of a request at `event.locals.convert`. */
import { building } from '$app/env';
import { getConvert } from 'convert-middleware/async-context';
import { convert } from './convert.server.js';

export async function handle({ event, resolve }) {
  // A page that is built for all visitors has none.
  if (building) return resolve(event);
  // A `fetch` of the page to this app belongs to the visitor of the page, of whom it knows nothing.
  if (event.isSubRequest) {
    event.locals.convert = getConvert();
    return resolve(event);
  }
  const ip = addressOf(event);
  // A server goes on running, so that no response has to wait for its events.
  const opened = await convert.open(event.request, { ip, waitUntil: () => {} });
  event.locals.convert = opened.context;
  try {
    return await opened.finish(await opened.run(() => resolve(event)));
  } catch (error) {
    await opened.abandon();
    throw error;
  }
}

/** SvelteKit throws if `ADDRESS_HEADER` is set, and a request does not have that header. */
function addressOf(event) {
  try {
    return event.getClientAddress();
  } catch {
    return undefined;
  }
}
