import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/convert.js';
import type { OutgoingResponse, ResponseHead } from '../../src/model/http.js';
import { incoming } from '../identity/support.js';
import './loaded.js';

/** A response whose head and end come when the test says so. */
export class FakeResponse implements OutgoingResponse {
  headersSent = false;
  closed = false;
  readonly headers = new Map<string, string>();
  readonly cookies: string[] = [];
  readonly #onHead: ((head: ResponseHead) => void)[] = [];
  readonly #onClose: (() => void)[] = [];

  getHeader(name: string): string | undefined {
    return this.headers.get(name);
  }
  getHeaderNames(): string[] {
    return [...this.headers.keys()];
  }
  onHead(listener: (head: ResponseHead) => void): void {
    this.#onHead.push(listener);
  }
  onClose(listener: () => void): void {
    this.#onClose.push(listener);
  }
  writeHead(status = 200): void {
    const { headers, cookies } = this;
    for (const listener of this.#onHead) {
      listener({
        status,
        getHeader: (name) => headers.get(name),
        getHeaderNames: () => [...headers.keys()],
        setHeader: (name, value) => void headers.set(name, value),
        appendCookie: (line) => void cookies.push(line),
        removeCookie: (line) => void cookies.splice(cookies.indexOf(line) >>> 0, 1),
      });
    }
    this.headersSent = true;
  }
  close(): void {
    this.closed = true;
    for (const listener of this.#onClose) listener();
  }
}

export async function visit(
  convert: Convert,
  headers: Record<string, string> = {},
  response = new FakeResponse(),
  raw: unknown = {},
): Promise<ConvertContext> {
  return convert.open(incoming(headers, { raw }), response);
}

export const tick = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
