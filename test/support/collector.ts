/**
 * A tracking endpoint for tests: a real HTTP server that records what it is sent, and misbehaves on demand.
 *
 *     const collector = await startCollector({ delay: 20, status: (n) => (n % 5 === 0 ? 503 : 200) });
 *     await collector.waitFor((seen) => seen.exposures().length === 3);
 *     collector.change({ behaviour: () => 'reset' });
 *     await collector.close();                            // refuses connections from now on
 *     await collector.reopen();                           // on the same port, with what it has seen
 *
 * `events` holds what was taken: events of requests that were answered with a 2xx, and of those whose connection was
 * broken only after they had been read (`reset-after`, `hang-body`, `drip`), as a real endpoint would have them too.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReportSegments, WireEvent } from '../../src/model/tracking-event.js';

/**
 * - `answer` read the request, wait `delay`, answer with `status`
 * - `reset` RST as soon as the head of the request is there; nothing is taken
 * - `reset-body` RST after a part of the body; nothing is taken
 * - `reset-after` read everything, then RST: taken, but the sender cannot know
 * - `hang` read everything and never answer; nothing is taken
 * - `drip-head` answer with one byte of a head every 20 ms for ever; nothing is taken
 * - `hang-body` answer the head and a part of the body, then nothing more
 * - `drip` answer the head, then one byte of the body every 20 ms for ever
 * - `garbage` answer with something that is not HTTP; nothing is taken
 */
export type Behaviour =
  'answer' | 'reset' | 'reset-body' | 'reset-after' | 'hang' | 'drip-head' | 'hang-body' | 'drip' | 'garbage';

export interface CollectorOptions {
  /** Default: any free one. */
  port?: number;
  /** Milliseconds before an answer. Default 0. */
  delay?: number;
  /** For the `n`th request, counted from 1. Default: always 200. */
  status?: (n: number, request: RecordedRequest) => number;
  /** Further headers of the `n`th answer. */
  headers?: (n: number) => Record<string, string>;
  /** Default `{}`. Not sent with a 204. */
  body?: string;
  /** Default: always `answer`. */
  behaviour?: (n: number) => Behaviour;
  /** Milliseconds after which an idle connection is closed. Default: never. */
  keepAliveTimeout?: number;
}

/** One event as it arrived, with the entry that it stood in. */
export interface CollectedEvent {
  visitorId: string;
  segments: ReportSegments | undefined;
  eventType: WireEvent['eventType'];
  data: WireEvent['data'];
}

export interface RecordedRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingHttpHeaders;
  /** As text; '' where it was not read. */
  text: string;
  /** Parsed; undefined where it is no JSON. */
  body: Payload | undefined;
  /** The status that it was answered with; undefined where it was not. */
  status: number | undefined;
  /** The source port of the connection: equal where a connection was used again. */
  connection: number;
}

export interface Payload {
  enrichData: boolean;
  accountId: string;
  projectId: string;
  source?: string;
  visitors: { visitorId: string; segments?: ReportSegments; events: WireEvent[] }[];
}

export interface Collector {
  /** `http://127.0.0.1:{port}` */
  readonly origin: string;
  /** A full URL to POST to. Any other path is recorded just as well. */
  readonly url: string;
  readonly port: number;
  readonly events: readonly CollectedEvent[];
  readonly requests: readonly RecordedRequest[];
  exposures(): CollectedEvent[];
  conversions(): CollectedEvent[];
  /**
   * Resolves as soon as `predicate` holds; rejects after `timeout` milliseconds (default 60,000) with what was seen.
   */
  waitFor(predicate: (seen: Collector) => boolean, timeout?: number): Promise<void>;
  /** Changes how it behaves from the next request on. */
  change(options: Omit<CollectorOptions, 'port' | 'keepAliveTimeout'>): void;
  /** Breaks all open connections with an RST. */
  resetConnections(): void;
  /** Ends all connections and refuses new ones. */
  close(): Promise<void>;
  /** Listens again, on the same port. */
  reopen(): Promise<void>;
}

const DRIP_INTERVAL = 20;
const WAIT_INTERVAL = 5;

export async function startCollector(options: CollectorOptions = {}): Promise<Collector> {
  let how = options;
  const events: CollectedEvent[] = [];
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = options.port ?? 0;

  function take(request: RecordedRequest): void {
    for (const { visitorId, segments, events: sent } of request.body?.visitors ?? []) {
      for (const { eventType, data } of sent ?? []) events.push({ visitorId, segments, eventType, data });
    }
  }

  function head(n: number, request: RecordedRequest, response: ServerResponse, length?: number): void {
    const status = how.status?.(n, request) ?? 200;
    request.status = status;
    if (status >= 200 && status < 300) take(request);
    const fixed = length === undefined ? {} : { 'Content-Length': String(length) };
    response.writeHead(status, { 'Content-Type': 'application/json', ...fixed, ...how.headers?.(n) });
  }

  const misbehave: Record<
    Exclude<Behaviour, 'reset' | 'reset-body'>,
    (n: number, request: RecordedRequest, response: ServerResponse) => void
  > = {
    answer(n, request, response) {
      head(n, request, response);
      response.end(request.status === 204 ? undefined : (how.body ?? '{}'));
    },
    'reset-after'(_n, request, response) {
      take(request);
      response.socket?.resetAndDestroy();
    },
    hang() {},
    'drip-head'(_n, _request, response) {
      const { socket } = response;
      socket?.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      const timer = setInterval(() => socket?.write('x'), DRIP_INTERVAL);
      socket?.on('close', () => clearInterval(timer));
    },
    'hang-body'(n, request, response) {
      head(n, request, response, 1000);
      response.write('{');
    },
    drip(n, request, response) {
      head(n, request, response);
      const timer = setInterval(() => response.write(' '), DRIP_INTERVAL);
      response.on('close', () => clearInterval(timer));
    },
    garbage(_n, _request, response) {
      response.socket?.end('\u0000\u0001 this is no HTTP\r\n\r\n');
    },
  };

  async function receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request: RecordedRequest = {
      method: message.method ?? '',
      url: message.url ?? '',
      headers: message.headers,
      text: '',
      body: undefined,
      status: undefined,
      connection: message.socket.remotePort ?? 0,
    };
    const n = requests.push(request);
    const behaviour = how.behaviour?.(n) ?? 'answer';
    if (behaviour === 'reset') {
      message.socket.resetAndDestroy();
      return;
    }
    message.setEncoding('utf8');
    for await (const chunk of message) {
      request.text += chunk as string;
      if (behaviour === 'reset-body') {
        message.socket.resetAndDestroy();
        return;
      }
    }
    request.body = parse(request.text);
    if (how.delay) await sleep(how.delay);
    if (!response.destroyed && behaviour !== 'reset-body') misbehave[behaviour](n, request, response);
  }

  async function listen(): Promise<void> {
    const next = createServer((message, response) => {
      // A connection that breaks while it is read is what many tests are about.
      receive(message, response).catch(() => response.destroy());
    });
    next.keepAliveTimeout = options.keepAliveTimeout ?? 0;
    next.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      next.once('error', reject);
      next.listen(port, '127.0.0.1', resolve);
    });
    port = (next.address() as AddressInfo).port;
    server = next;
  }

  const collector: Collector = {
    get origin() {
      return `http://127.0.0.1:${port}`;
    },
    get url() {
      return `http://127.0.0.1:${port}/v1/track/10035569/10034190`;
    },
    get port() {
      return port;
    },
    events,
    requests,
    exposures: () => events.filter(({ eventType }) => eventType === 'bucketing'),
    conversions: () => events.filter(({ eventType }) => eventType === 'conversion'),
    async waitFor(predicate, timeout = 60_000) {
      const deadline = performance.now() + timeout;
      while (!predicate(collector)) {
        if (performance.now() > deadline) {
          throw new Error(
            `the collector waited ${timeout} ms in vain: ${requests.length} requests, ` +
              `${collector.exposures().length} exposures, ${collector.conversions().length} conversions`,
          );
        }
        await sleep(WAIT_INTERVAL);
      }
    },
    change(changes) {
      how = { ...how, ...changes };
    },
    resetConnections() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async close() {
      const closing = server;
      server = undefined;
      if (!closing) return;
      await new Promise<void>((resolve) => {
        closing.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      });
    },
    async reopen() {
      if (!server) await listen();
    },
  };
  await listen();
  return collector;
}

function parse(text: string): Payload | undefined {
  try {
    return JSON.parse(text) as Payload;
  } catch {
    return undefined;
  }
}
