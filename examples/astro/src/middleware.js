/** Puts the context of a request at `Astro.locals.convert`. */
import { convert } from './convert.js';

export async function onRequest(context, next) {
  // A page that is built for all visitors has none.
  if (context.isPrerendered) return next();
  // A server goes on running, so that no response has to wait for its events.
  const call = { ip: context.clientAddress, waitUntil: () => {} };
  const { context: visitor, run, finish, abandon } = await convert.open(context.request, call);
  context.locals.convert = visitor;
  try {
    return await finish(await run(() => next()));
  } catch (error) {
    await abandon();
    throw error;
  }
}

// The server of Astro ends at once on a signal, with the events that are on their way.
process.once('SIGTERM', async () => {
  await convert.close();
  process.exit();
});
