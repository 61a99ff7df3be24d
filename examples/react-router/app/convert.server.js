/** The Convert of this app, and a middleware that gives its context to loaders and actions. */
import { createConvert } from 'convert-middleware/fetch';
import { createContext } from 'react-router';
import project from '../../project.json';

const { CONVERT_SDK_KEY: sdkKey, COLLECTOR: track } = process.env;

// Without a key, the project of the examples is used, and nothing is sent but to a COLLECTOR of your own.
const convert = createConvert(
  sdkKey ? { sdkKey } : { project, ...(track ? { endpoints: { track } } : { delivery: false }) },
);

export const convertContext = createContext();

/** `next()` never rejects: React Router makes a page of an error. */
export async function convertMiddleware({ request, context }, next) {
  // A server goes on running, so that no response has to wait for its events.
  const opened = await convert.open(request, { waitUntil: () => {} });
  context.set(convertContext, opened.context);
  return opened.finish(await opened.run(() => next()));
}
