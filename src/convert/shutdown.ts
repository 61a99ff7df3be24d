/** Closes a Convert together with its servers, and flushes it before the process ends by itself. */
import { ConvertError } from '../utils/errors.js';
import { assertOptions, between, given, shape } from '../utils/option-checks.js';

/** A server, as `node:http`, `https` and `http2` make it, and as `app.listen()` of Express and Koa returns it. */
export interface ClosingServer {
  once(event: 'close', listener: () => void): unknown;
}

export interface CloseOptions {
  /**
   * The most milliseconds that delivery may take after the last server has closed. Events that are not delivered by
   * then are dropped, or stay in the spool or Redis. Default 5000.
   */
  timeout?: number;
}

const options = shape({ timeout: between(0, 10 * 60_000, 'milliseconds') });

/** The servers of one Convert: the Convert is closed when the last of them has closed. */
export class Servers {
  readonly #open = new Set<ClosingServer>();
  readonly #close: (options: CloseOptions) => unknown;

  constructor(close: (options: CloseOptions) => unknown) {
    this.#close = close;
  }

  /** @throws ConvertError `CONVERT_BAD_OPTION` */
  add(server: ClosingServer, closing: CloseOptions = {}): void {
    assertServer(server);
    assertOptions(options, closing);
    if (this.#open.has(server)) return;
    this.#open.add(server);
    server.once('close', () => {
      this.#open.delete(server);
      if (this.#open.size === 0) this.#close(closing);
    });
  }
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
