/**
 * Posts events with `fetch`: for platforms other than Node, or if the process has a `fetch` that goes through a
 * proxy.
 */
import { unrefTimeout } from '../../utils/node/timers.js';
import type { Transport } from '../types.js';
import { isWebPage, MAX_ANSWER_BYTES, networkError, POST_HEADERS } from './shared.js';

export interface FetchTransportOptions {
  /** Milliseconds for one POST, from the connection to the end of the answer's body. Default 10,000. */
  timeout?: number;
  /** The `fetch` to use. Default: the global `fetch`, as it is when a POST is made. */
  fetch?: typeof fetch;
}

/** The status that is reported for a redirect which is not followed, on platforms that hide its true status. */
const HIDDEN_REDIRECT = 302;

/**
 * Makes a transport that posts with `fetch`. No redirect is followed. The transport can not control the connections of
 * `fetch`: a connection may keep the process alive, and a POST on a connection that the server has just closed counts
 * as failed.
 */
export function fetchTransport({ timeout = 10_000, fetch: given }: FetchTransportOptions = {}): Transport {
  const underWay = new Set<AbortController>();
  let closed = false;

  return {
    async post(url, body) {
      if (closed) throw networkError('ECANCELED', 'the transport is closed');
      const controller = new AbortController();
      underWay.add(controller);
      const timer = unrefTimeout(() => {
        controller.abort(networkError('ETIMEDOUT', `no answer within ${timeout} ms`));
      }, timeout);
      try {
        const response = await (given ?? fetch)(url, {
          method: 'POST',
          headers: POST_HEADERS,
          body,
          redirect: 'manual',
          signal: controller.signal,
        });
        const start = await readThrough(response);
        const status = response.type === 'opaqueredirect' ? HIDDEN_REDIRECT : response.status;
        const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
        const isPage = isWebPage(header('content-type'), start);
        return { status, retryAfter: header('retry-after'), date: header('date'), isPage };
      } catch (error) {
        throw controller.signal.aborted ? controller.signal.reason : clean(error);
      } finally {
        clearTimeout(timer);
        underWay.delete(controller);
      }
    },
    close() {
      closed = true;
      for (const controller of underWay) {
        controller.abort(networkError('ECONNRESET', 'the transport was closed'));
      }
    },
  };
}

/** Reads the body, and returns its first bytes; undefined if it is empty. */
async function readThrough({ body }: Response): Promise<Uint8Array | undefined> {
  const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  let start: Uint8Array | undefined;
  for (let bytes = 0; reader !== undefined && bytes <= MAX_ANSWER_BYTES;) {
    const { done, value } = await reader.read();
    if (done) return start;
    bytes += value.length;
    if (bytes > 0) start ??= value;
  }
  await reader?.cancel();
  return start;
}

/**
 * Returns an error with the code of the failure. Node's `fetch` hides the code in `cause`. The raw bytes that a parser
 * error carries are left out.
 */
function clean(error: unknown): Error {
  const { cause = error } = error as { cause?: unknown };
  const { code } = (cause ?? {}) as { code?: unknown };
  return networkError(typeof code === 'string' ? code : 'ECONNRESET', 'the POST failed');
}
