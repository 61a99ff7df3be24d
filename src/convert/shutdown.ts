/** A Convert that ends with the servers it serves. */
import { ConvertError } from '../utils/errors.js';
import { assertOptions, between, given, shape } from '../utils/option-checks.js';

/** What `node:http`, `https` and `http2` make, and `app.listen()` of Express and Koa returns. */
export interface ClosingServer {
  once(event: 'close', listener: () => void): unknown;
}

export interface CloseOptions {
  /** Milliseconds that delivery may still take. Default 5000. */
  timeout?: number;
}

const options = shape({ timeout: between(0, 10 * 60_000, 'milliseconds') });

/** The servers of one Convert: `close` is called when the last of them has closed. */
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
  // Apps of Express and Koa are emitters too, and never close.
  const isApp = typeof listen === 'function' && typeof close !== 'function';
  if (typeof once === 'function' && !isApp) return;
  throw new ConvertError(
    'CONVERT_BAD_OPTION',
    `closeWith(server) needs the server: what app.listen(port) returns, or http.createServer(app) (given ${
      isApp ? 'an app' : given(server)
    })`,
  );
}
