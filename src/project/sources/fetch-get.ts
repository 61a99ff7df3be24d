/** Makes one GET request with `fetch`, with the bounds of `get` in `http-get.ts`. */
import { joined } from '../../utils/node/bytes.js';
import { unrefTimeout } from '../../utils/node/timers.js';
import type { Answer, GetOptions } from './get.js';

/** The status that is reported for a redirect which is not followed, on platforms that hide its true status. */
const HIDDEN_REDIRECT = 302;

/** Resolves and rejects as `get` does. `fetch` is asked for at each call, since an app may replace it. */
export async function fetchGet(
  url: URL,
  { headers, timeout, maxBytes, signal }: GetOptions,
): Promise<Answer> {
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  const tooLate = new Error(`no complete answer within ${timeout} ms`);
  const timer = unrefTimeout(() => abort.abort(tooLate), timeout);
  signal.addEventListener('abort', onStop, { once: true });
  try {
    const response = await fetch(url, {
      headers,
      redirect: 'manual',
      signal: abort.signal,
    });
    const status = response.type === 'opaqueredirect' ? HIDDEN_REDIRECT : response.status;
    const body = await bodyOf(response, status === 200 ? maxBytes : 0);
    return { status, headers: Object.fromEntries(response.headers), body };
  } catch (error) {
    throw abort.signal.reason === tooLate ? tooLate : new Error(reasonOf(error), { cause: error });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
  }
}

/** Reads the body, decompressed; nothing of it if `maxBytes` is 0. */
async function bodyOf({ body }: Response, maxBytes: number): Promise<Uint8Array> {
  const reader = body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  const chunks: Uint8Array[] = [];
  if (maxBytes === 0) await reader?.cancel();
  for (let bytes = 0; reader !== undefined && maxBytes > 0;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (bytes > maxBytes) {
      await reader.cancel();
      throw new Error(`the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  return chunks.length === 1 ? chunks[0]! : joined(chunks);
}

/** The reason of a failure, for the log: Node's `fetch` hides the code in `cause`. */
function reasonOf(error: unknown): string {
  const { cause = error, message } = error as { cause?: unknown; message: string };
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : message;
}
