/** Posts events with `node:http` and `node:https`, which take less CPU time than `fetch` and let sockets be unref'd. */
import http, { type ClientRequest } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { changedGlobalAgent } from '../../utils/node/global-agent.js';
import type { Transport } from '../types.js';
import { isWebPage, MAX_ANSWER_BYTES, networkError, POST_HEADERS } from './shared.js';

export interface HttpTransportOptions {
  /** Milliseconds for one POST, from the connection to the end of the answer's body. Default 10,000. */
  timeout?: number;
  /**
   * The agent of the app, which is not closed. Default: the global agent if the app or the environment has changed it,
   * else one of our own.
   */
  agent?: http.Agent | undefined;
}

/**
 * Milliseconds after which a POST that is still connecting is given up if no flush waits for it. While a socket is
 * connecting, it keeps the process alive even if it is unref'd.
 */
const CONNECT_LIMIT = 2_000;

type Answer = Awaited<ReturnType<Transport['post']>>;

interface UnderWay {
  keepAlive: boolean;
  socket?: Socket;
  /** Gives up the POST if no flush waits for it and it has been connecting for too long. */
  letGo(): void;
}

/** Codes of the errors with which a POST fails if the server closes an idle connection just before the POST uses it. */
const CLOSED_BY_PEER = new Set(['ECONNRESET', 'EPIPE']);

/**
 * Makes a transport with one connection at a time, which is kept alive between POSTs, unless an agent of others says
 * otherwise. No redirect is followed. An idle connection never keeps the process alive; a POST under way does so only
 * with `keepAlive` (or, for at most 2 s, while it is connecting).
 *
 * If the server closed an idle connection just before it was used again, the POST is repeated at once on a fresh
 * connection: that is the ordinary end of a keep-alive connection and no failure of the endpoint.
 */
export function httpTransport({ timeout = 10_000, agent }: HttpTransportOptions = {}): Transport {
  const pool = { keepAlive: true, maxSockets: 1 };
  // The modules are asked for `request` at each POST, so that mocks and monitoring tools that replace it are called.
  const clients = new Map<string, { module: Pick<typeof http, 'request'>; agent: http.Agent }>([
    ['http:', { module: http, agent: new http.Agent(pool) }],
    ['https:', { module: https, agent: new https.Agent(pool) }],
  ]);
  const underWay = new Set<UnderWay>();
  let closed = false;

  /** Makes one POST within `within` milliseconds. A POST that is repeated gets the time that is left. */
  function post(target: URL, body: Buffer, keepAlive: boolean, within = timeout): Promise<Answer> {
    const client = clients.get(target.protocol);
    if (closed) return Promise.reject(networkError('ECANCELED', 'the transport is closed'));
    if (!client) return Promise.reject(networkError('ERR_INVALID_PROTOCOL', 'neither http nor https'));

    return new Promise<Answer>((resolve, reject) => {
      const began = performance.now();
      const current: UnderWay = { keepAlive, letGo };
      underWay.add(current);
      let bytesBefore = 0;
      /** True once the head of an answer has come: then the end of the answer decides, and not that of the request. */
      let isAnswered = false;
      const request: ClientRequest = client.module.request(target, {
        method: 'POST',
        agent: agent ?? changedGlobalAgent(target.protocol) ?? client.agent,
        headers: { ...POST_HEADERS, 'Content-Length': body.length },
      });
      const timer = setTimeout(() => {
        fail(networkError('ETIMEDOUT', `no answer within ${timeout} ms`));
      }, within).unref();
      const connecting = setTimeout(letGo, CONNECT_LIMIT).unref();

      function letGo(): void {
        if (current.keepAlive || !current.socket?.connecting || performance.now() - began < CONNECT_LIMIT - 1)
          return;
        fail(networkError('ETIMEDOUT', `no connection within ${CONNECT_LIMIT} ms`));
      }
      function end(): void {
        clearTimeout(timer);
        clearTimeout(connecting);
        underWay.delete(current);
      }
      function fail(error: Error): void {
        end();
        reject(error);
        request.destroy();
      }

      request.on('socket', (socket) => {
        current.socket = socket;
        bytesBefore = socket.bytesRead;
        applyKeepAlive(current);
        // If a host name has several addresses, each attempt to connect has its own handle. The handle of the
        // connection that succeeds has to be told anew whether it keeps the process alive.
        if (socket.connecting) socket.once('connect', () => applyKeepAlive(current));
      });
      request.on('response', (response) => {
        isAnswered = true;
        const { date, 'content-type': contentType, 'retry-after': retryAfter } = response.headers;
        let bytes = 0;
        let start: Buffer | undefined;
        const answered = (): void => {
          end();
          const isPage = isWebPage(contentType, start);
          resolve({ status: response.statusCode ?? 0, retryAfter, date, isPage });
        };
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          start ??= chunk;
          if (bytes <= MAX_ANSWER_BYTES) return;
          answered();
          request.destroy();
        });
        response.on('end', answered);
        response.on('error', (error) => fail(clean(error)));
        response.on('close', () => {
          if (underWay.has(current)) fail(networkError('ECONNRESET', 'the answer was cut off'));
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (isAnswered) return;
        const unanswered = (current.socket?.bytesRead ?? 0) === bytesBefore;
        const stale = request.reusedSocket && unanswered && CLOSED_BY_PEER.has(error.code ?? '');
        if (stale && underWay.has(current) && !closed) {
          end();
          resolve(post(target, body, current.keepAlive, Math.max(0, began + within - performance.now())));
        } else {
          fail(clean(error));
        }
      });
      // If a request closes with neither an answer nor an error, the outbox must hear of that, too.
      request.on('close', () => {
        if (!isAnswered && underWay.has(current))
          fail(networkError('ECONNRESET', 'the connection was closed'));
      });
      request.end(body);
    });
  }

  return {
    async post(url, body, keepAlive) {
      return post(new URL(url), Buffer.from(body), keepAlive);
    },
    release() {
      for (const each of underWay) {
        each.keepAlive = false;
        applyKeepAlive(each);
        each.letGo();
      }
    },
    close() {
      closed = true;
      for (const client of clients.values()) client.agent.destroy();
    },
  };
}

function applyKeepAlive({ keepAlive, socket }: UnderWay): void {
  if (keepAlive) socket?.ref();
  else socket?.unref();
}

/** Returns the error without the raw bytes that a parser error carries. */
function clean({ code, message }: NodeJS.ErrnoException): Error {
  return networkError(code ?? 'ECONNRESET', message);
}
