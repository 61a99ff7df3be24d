/** The response of a web-standard host: its headers are completed when the handler has made it. */
import type { OutgoingResponse, ResponseHead } from '../model/http.js';

type HeadListener = (head: ResponseHead) => void;

/** Stands for a response before the handler has made it. */
export class FetchOutgoing implements OutgoingResponse {
  headersSent = false;
  closed = false;
  readonly #onHead: HeadListener[] = [];
  readonly #onClose: (() => void)[] = [];

  getHeader(): undefined {
    return undefined;
  }

  getHeaderNames(): readonly string[] {
    return [];
  }

  onHead(listener: HeadListener): void {
    this.#onHead.push(listener);
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.#onClose.push(listener);
  }

  /** Completes the headers of a response. Returns the response to send, which may be a copy with the same body. */
  complete(response: Response): Response {
    // What is no response, or upgrades the connection, belongs to the host, and can not be copied.
    const isPlain =
      typeof (response as Response | undefined)?.headers?.get === 'function' && response.status >= 200;
    const head = isPlain ? new FetchHead(response) : undefined;
    let isCompleted = false;
    try {
      for (const listener of head === undefined ? [] : this.#onHead) listener(head!);
      isCompleted = head !== undefined;
    } finally {
      this.headersSent = true;
      // Whoever waits for a head does not wait for ever.
      if (!isCompleted) this.close();
    }
    return head?.response ?? response;
  }

  /** There will be no response. */
  close(): void {
    this.closed = true;
    for (const listener of this.#onClose.splice(0)) listener();
  }
}

class FetchHead implements ResponseHead {
  readonly status: number;
  #response: Response;
  #isOwn = false;

  constructor(response: Response) {
    this.#response = response;
    this.status = response.status;
  }

  get response(): Response {
    return this.#response;
  }

  getHeader(name: string): string | readonly string[] | undefined {
    const { headers } = this.#response;
    if (name.toLowerCase() !== 'set-cookie') return headers.get(name) ?? undefined;
    const lines = headers.getSetCookie();
    return lines.length === 0 ? undefined : lines;
  }

  getHeaderNames(): readonly string[] {
    return [...this.#response.headers.keys()];
  }

  setHeader(name: string, value: string): void {
    this.#change((headers) => headers.set(name, value));
  }

  appendCookie(line: string): void {
    if (this.#response.headers.getSetCookie().includes(line)) return;
    this.#change((headers) => headers.append('set-cookie', line));
  }

  removeCookie(line: string): void {
    const lines = this.#response.headers.getSetCookie();
    if (!lines.includes(line)) return;
    this.#change((headers) => {
      headers.delete('set-cookie');
      for (const each of lines) if (each !== line) headers.append('set-cookie', each);
    });
  }

  /**
   * Changes the headers of the app's response, or of a copy of it. A response without a body may be sent many times,
   * to other visitors, too, so it stays as it is; and the headers of some responses can not be changed, such as those
   * of `fetch` and `Response.redirect`.
   */
  #change(change: (headers: Headers) => void): void {
    if (!this.#isOwn && this.#response.body === null) this.#copy();
    try {
      change(this.#response.headers);
    } catch (error) {
      if (this.#isOwn) throw error;
      this.#copy();
      change(this.#response.headers);
    }
  }

  #copy(): void {
    this.#response = new Response(this.#response.body, this.#response);
    this.#isOwn = true;
  }
}
