/** Puts the context of a request at `event.locals.convert`. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { building } from '$app/env';
import { convert } from './convert.server.js';

const contexts = new AsyncLocalStorage();

export async function handle({ event, resolve }) {
  // A page that is built for all visitors has none.
  if (building) return resolve(event);
  // A `fetch` of the page to this app belongs to the visitor of the page, of whom it knows nothing.
  if (event.isSubRequest) {
    event.locals.convert = contexts.getStore();
    return resolve(event);
  }
  const ip = event.getClientAddress();
  // A server goes on running, so that no response has to wait for its events.
  const { context, finish, abandon } = await convert.open(event.request, { ip, waitUntil: () => {} });
  event.locals.convert = context;
  try {
    return await finish(await contexts.run(context, () => resolve(event)));
  } catch (error) {
    await abandon();
    throw error;
  }
}
