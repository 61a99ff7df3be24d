/** What an adapter's test file provides, so that one suite runs over every framework. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Readable } from 'node:stream';
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/options/types.js';

/** One exchange, with the app-side things that every framework has in its own words. */
export interface Exchange {
  /** Read anew each time: what the framework's request holds now. */
  readonly convert: ConvertContext;
  /** The context of a Convert that is mounted at another property. */
  at?(as: string): ConvertContext;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** What templates see. */
  readonly locals: Record<string, unknown>;
  /** As the framework sets headers: `res.set`, `ctx.set`, `reply.header`. */
  header(name: string, value: string | string[]): void;
  /** As the framework sets cookies: `res.cookie`, `ctx.cookies.set`, `reply.setCookie`. */
  cookie(name: string, value: string): void;
  send(status: number, body: string): void;
  redirect(url: string): void;
  stream(body: Readable): void;
  /** Tells the host of work that goes on behind the response. Undefined if it waits for none. */
  readonly keep?: (work: Promise<unknown>) => void;
  /** Takes the response out of the framework's hands: `reply.hijack()`, `ctx.respond = false`. */
  takeOver(): ServerResponse;
}

export type Handler = (exchange: Exchange) => void | Promise<void>;

export interface AppOptions {
  /** Options, or an instance. */
  convert: ConvertOptions | Convert;
  routes: Record<string, Handler>;
  /** Other Converts of the app, which are mounted behind it, each at its own property. */
  beside?: Readonly<Record<string, Convert>>;
  /** Runs between `convert` and those beside it, as a logger does that reads the visitor's id. */
  between?: Handler;
  /** Routes in a sub-router that is mounted at `/shop`. */
  shop?: Record<string, Handler>;
  /** Called where the framework hands an error to the app. */
  onError?: Handler;
  trustProxy?: boolean;
  /** Runs before the middleware, as another one does that sets headers. */
  before?: Handler;
  /** Mounts the middleware, or registers the plugin, a second time. */
  twice?: boolean;
  /** Runs after the middleware and before the route, as authentication does: sets `user` on the framework's request. */
  authenticate?: () => string;
  http2?: boolean;
}

export interface RunningApp {
  readonly url: string;
  readonly convert: Convert;
  /** Closes the server as the framework does it. */
  close(): Promise<void>;
}

export interface Adapter {
  readonly name: string;
  /** How `visitor.id` finds what `authenticate` has set. */
  user: (request: unknown) => string | undefined;
  /** False if there is no response of Node, and no file: cases about these are skipped. Default true. */
  readonly isNode?: boolean;
  /** False if there is no socket to write bytes to: cases that do are skipped. Default true. */
  readonly hasSockets?: boolean;
  /** Makes a Convert for `beside`. Default: that of Node, which gets its name where it is mounted. */
  readonly createConvert?: (options: ConvertOptions, as: string) => Convert;
  /** The closing of the framework's app closes the Convert that the adapter made. */
  readonly closesConvert: boolean;
  start(options: AppOptions): Promise<RunningApp>;
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function stop(server: Server): Promise<void> {
  (server as { closeAllConnections?: () => void }).closeAllConnections?.();
  await new Promise((resolve) => server.close(resolve));
}
