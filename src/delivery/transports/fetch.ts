/**
 * Posts events with `fetch`: for platforms other than Node, or if the process has a `fetch` that goes through a
 * proxy.
 */
import type { Transport } from '../types.js';
import { MAX_ANSWER_BYTES, networkError, POST_HEADERS } from './shared.js';

export interface FetchTransportOptions {
  /** Milliseconds for one POST, from the connection to the end of the answer's body. Default 10,000. */
  timeout?: number;
  /** Default: the global one, as it is when a POST is made. */
  fetch?: typeof fetch;
}

/** The status for a redirect that is not followed, on platforms that hide its true status. */
const HIDDEN_REDIRECT = 302;

/**
 * No redirect is followed. `fetch` says nothing of its connections: what it holds the process with is its own matter,
 * and a POST on a connection that the server has just closed is a failure like any other.
 */
export function fetchTransport({ timeout = 10_000, fetch: given }: FetchTransportOptions = {}): Transport {
  const underWay = new Set<AbortController>();
  let closed = false;

  return {
    async post(url, body) {
      if (closed) throw networkError('ECANCELED', 'the transport is closed');
      const controller = new AbortController();
      underWay.add(controller);
      const timer = setTimeout(() => {
        controller.abort(networkError('ETIMEDOUT', `no answer within ${timeout} ms`));
      }, timeout);
      // Timers are numbers on some platforms, without `unref`.
      (timer as { unref?: () => void }).unref?.();
      try {
        const response = await (given ?? fetch)(url, {
          method: 'POST',
          headers: POST_HEADERS,
          body,
          redirect: 'manual',
          signal: controller.signal,
        });
        await readThrough(response);
        const status = response.type === 'opaqueredirect' ? HIDDEN_REDIRECT : response.status;
        const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
        return { status, retryAfter: header('retry-after'), date: header('date') };
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

async function readThrough({ body }: Response): Promise<void> {
  const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  for (let bytes = 0; reader !== undefined;) {
    const { done, value } = await reader.read();
    if (done) return;
    bytes += value.length;
    if (bytes > MAX_ANSWER_BYTES) return reader.cancel();
  }
}

/** Its code, which Node's `fetch` hides in the cause; without the bytes that a parser error carries. */
function clean(error: unknown): Error {
  const { cause = error } = error as { cause?: unknown };
  const { code } = (cause ?? {}) as { code?: unknown };
  return networkError(typeof code === 'string' ? code : 'ECONNRESET', 'the POST failed');
}
