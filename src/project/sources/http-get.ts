/**
 * Makes one GET request with hard bounds: limited time, limited bytes after decompression, no redirects. The request
 * does not keep the process alive.
 */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, PassThrough, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { changedGlobalAgent } from '../../utils/node/global-agent.js';
import { unrefTimeout } from '../../utils/node/timers.js';
import type { Answer, GetOptions } from './get.js';

export interface HttpGetOptions extends GetOptions {
  /** The agent of the app. Default: the global agent if it was changed, else a connection for this request alone. */
  readonly agent?: http.Agent | undefined;
}

const DECODERS: Record<string, () => Duplex> = {
  identity: () => new PassThrough(),
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
};

/**
 * Resolves with any answer that is complete and within the bounds; rejects with an Error whose message is fit for logs.
 *
 * The socket is unref'd: the process may end while a request is under way. (While a connection is being established,
 * the pending call of the operating system still keeps the process alive, for `timeout` at most.)
 */
export async function get(url: URL, options: HttpGetOptions): Promise<Answer> {
  const { timeout, maxBytes, signal } = options;
  const abort = new AbortController();
  const onStop = () => abort.abort();
  let timedOut = false;
  const timer = unrefTimeout(() => {
    timedOut = true;
    abort.abort();
  }, timeout);
  signal.addEventListener('abort', onStop, { once: true });
  try {
    const response = await head(url, options, abort.signal);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return { status, headers, body: await readBody(response, maxBytes, abort.signal) };
    response.destroy();
    return { status, headers, body: Buffer.alloc(0) };
  } catch (cause) {
    const reason = timedOut ? `no complete answer within ${timeout} ms` : reasonOf(cause);
    throw new Error(reason, { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onStop);
  }
}

function head(url: URL, { headers, agent }: HttpGetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  // The module is asked for `get` at each request, so that mocks and monitoring tools that replace it are called.
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    // Minutes lie between two requests, so each gets a connection of its own (`agent: false`), unless somebody leads
    // requests over a proxy.
    const request = client.get(url, {
      headers: { ...headers, 'Accept-Encoding': 'gzip, br' },
      agent: agent ?? changedGlobalAgent(url.protocol) ?? false,
      signal,
    });
    request.on('socket', unref);
    request.on('response', resolve);
    // The listener stays after the head has come: a later failure is reported by the body.
    request.on('error', reject);
    // An answer that switches protocols ends without `response` and `error`.
    request.on('close', () => reject(new Error('the connection was closed')));
  });
}

/** `unref` is called twice, because a host with several addresses gets a new handle with each attempt to connect. */
function unref(socket: Socket): void {
  socket.unref();
  socket.once('connect', () => socket.unref());
}

async function readBody(response: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (!decoder) {
    response.destroy();
    throw new Error('the answer has a content encoding that was not asked for');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  // The bytes are counted while they come: a small compressed answer can become gigabytes.
  const body = new Writable({
    write(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      chunks.push(chunk);
      done(size > maxBytes ? new Error(`the answer is larger than ${maxBytes} bytes`) : null);
    },
  });
  await pipeline(response, decoder, body, { signal });
  return Buffer.concat(chunks, size);
}

/**
 * The reason of a failure, for the log: the code of a system error (`ECONNREFUSED`) says it all, and its message may be
 * empty.
 */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
