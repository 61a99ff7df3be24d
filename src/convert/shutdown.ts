/** Closes a Convert together with its servers, and flushes it before the process ends by itself. */
import { asConvertError, ConvertError } from '../utils/errors.js';
import { withTimeout } from '../utils/node/timers.js';
import { assertOptions, between, fn, given, shape } from '../utils/option-checks.js';
import { CLOSE_TIMEOUT } from './create-runtime.js';

/** A server, as `node:http`, `https` and `http2` make it, and as `app.listen()` of Express and Koa returns it. */
export interface ClosingServer {
  once(event: 'close', listener: () => void): unknown;
  /** False once `close()` was called. */
  readonly listening?: boolean;
  /** Closes the connections that wait for another request. */
  closeIdleConnections?(): void;
}

/** Options of `close()`. */
export interface CloseOptions {
  /**
   * The most milliseconds that delivery may take after the last server has closed. Events that are not delivered by
   * then are dropped, or stay in the spool or Redis. Default 5000.
   */
  timeout?: number;
}

/** Options of `closeWith()`. */
export interface CloseWithOptions extends CloseOptions {
  /**
   * Called once, when the Convert has closed: to close what it has used, such as a Redis client. A promise is waited
   * for, until `timeout` is over, and at least for a second; what it throws or rejects with is reported. Functions of
   * several servers are all called. Default: none.
   */
  after?: () => unknown;
}

/** What the servers close. */
export interface Closing {
  close(options: CloseOptions): Promise<unknown>;
  report(error: ConvertError): void;
  /** Called when the close has begun; returns a function to be called when it is done. */
  watch(): () => void;
}

const options = shape({ timeout: between(0, 10 * 60_000, 'milliseconds'), after: fn });

/** Milliseconds that the functions `after` may take in any case, even if delivery has used up the time. */
const AFTER_LIMIT = 1_000;

/** Milliseconds between two looks whether a server is closing, and has connections that wait for nothing. */
const IDLE_INTERVAL = 500;

/** The servers of one Convert: the Convert is closed when the last of them has closed. */
export class Servers {
  readonly #open = new Set<ClosingServer>();
  readonly #after = new Set<() => unknown>();

  constructor(private readonly closing: Closing) {}

  /** @throws ConvertError `CONVERT_BAD_OPTION` */
  add(server: ClosingServer, given: CloseWithOptions = {}): void {
    assertServer(server);
    assertOptions(options, given);
    const { timeout = CLOSE_TIMEOUT, after } = given;
    if (after !== undefined) this.#after.add(after);
    if (this.#open.has(server)) return;
    this.#open.add(server);
    const idle = closeIdle(server);
    server.once('close', () => {
      clearInterval(idle);
      this.#open.delete(server);
      if (this.#open.size === 0) void this.#end(timeout);
    });
  }

  async #end(timeout: number): Promise<void> {
    const until = performance.now() + timeout;
    const closing = this.closing.close({ timeout });
    const done = this.closing.watch();
    await closing;
    done();
    const left = Math.max(AFTER_LIMIT, until - performance.now());
    const all = [...this.#after];
    this.#after.clear();
    await Promise.all(all.map((after) => this.#run(after, left)));
  }

  async #run(after: () => unknown, left: number): Promise<void> {
    try {
      // The process must not end while the function is at work.
      await withTimeout(left, after(), { keepAlive: true });
    } catch (error) {
      this.closing.report(
        asConvertError(error, 'CONVERT_CALLBACK', 'the function `after` of `closeWith` failed'),
      );
    }
  }
}

/**
 * Closes connections that become idle while the server is closing. Node closes those that are idle when `close()` is
 * called, but keeps the connection of a request that was open then for `keepAliveTimeout`, 5 s by default.
 */
function closeIdle(server: ClosingServer): NodeJS.Timeout {
  const look = (): void => {
    if (server.listening === false) server.closeIdleConnections?.();
  };
  return setInterval(look, IDLE_INTERVAL).unref();
}

function assertServer(server: unknown): void {
  const { once, listen, close } = (server ?? {}) as Record<string, unknown>;
  // Apps of Express and Koa have `once` too, but never emit `close`.
  const isApp = typeof listen === 'function' && typeof close !== 'function';
  if (typeof once === 'function' && !isApp) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `closeWith(server) needs the server: what app.listen(port) returns, or http.createServer(app) (given ${
      isApp ? 'an app' : given(server)
    })`,
  );
}

/** Milliseconds, in all, that flushing may delay the end of a process that has nothing left to do. */
const DRAIN_TIMEOUT = 2_000;

interface Drainable {
  flush(options: { timeout: number }): Promise<unknown>;
  stats(): { readonly delivery: { readonly accepted: number } };
}

interface Drained {
  /** The part of DRAIN_TIMEOUT that is left, in milliseconds. */
  left: number;
  /** The number of events that were accepted before the last flush began; undefined if there was no flush yet. */
  accepted: number | undefined;
}

const instances = new Map<Drainable, Drained>();

/**
 * Flushes all instances on `beforeExit`. Node emits `beforeExit` again after each flush, so events that came during a
 * flush are sent, too.
 */
function onBeforeExit(): void {
  for (const [instance, drained] of instances) {
    const accepted = acceptedBy(instance);
    if (drained.left <= 0 || accepted === drained.accepted) continue;
    drained.accepted = accepted;
    void flush(instance, drained);
  }
}

async function flush(instance: Drainable, drained: Drained): Promise<void> {
  const began = performance.now();
  await instance.flush({ timeout: drained.left });
  drained.left -= performance.now() - began;
}

/** The number of events that were accepted; -1 if it is unknown, which leads to one flush. */
function acceptedBy(instance: Drainable): number {
  try {
    return instance.stats().delivery.accepted;
  } catch {
    // An outbox of the app may throw, which must not change how the process ends.
    return -1;
  }
}

/** Has `instance` flushed before the process ends by itself. The returned function removes `instance` again. */
export function drainBeforeExit(instance: Drainable): () => void {
  // Some runtimes have Node's modules, but not its `process`.
  if (typeof process !== 'object' || typeof process.on !== 'function') return () => {};
  if (instances.size === 0) process.on('beforeExit', onBeforeExit);
  instances.set(instance, { left: DRAIN_TIMEOUT, accepted: undefined });
  return () => {
    instances.delete(instance);
    if (instances.size === 0) process.off('beforeExit', onBeforeExit);
  };
}
