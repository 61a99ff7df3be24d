/** Mounts a `RouteHandler` in any framework of Node: reads the bytes of the body, and never throws. */
import type { Readable } from 'node:stream';
import { Route, type RouteBody } from '../../convert/route.js';
import { headerText, type IncomingRequest, type RouteResponse } from '../../model/http.js';

export type { RouteBody, RouteOptions } from '../../convert/route.js';

export class MountedRoute extends Route {
  /** Reads the body as `read` does, and answers with the handler. Never rejects. */
  async serve(
    request: IncomingRequest,
    stream: Readable,
    kept: () => readonly unknown[],
  ): Promise<RouteResponse> {
    return this.answer(request, await this.read(stream, kept));
  }

  /**
   * Reads the body: from the stream if nobody has read that before, else from the first of `kept` that holds bytes or
   * text. Never rejects.
   */
  async read(stream: Readable, kept: () => readonly unknown[]): Promise<RouteBody> {
    if (!isRead(stream)) return readStream(stream, this.maxBytes);
    const bytes = bytesIn(kept());
    return bytes !== undefined && bytes.length > this.maxBytes ? 'too-large' : (bytes ?? 'parsed');
  }
}

function isRead({ readableDidRead, readableEnded, destroyed }: Readable): boolean {
  return readableDidRead || readableEnded || destroyed;
}

/** Returns the first value that holds bytes, or text: text counts as UTF-8. */
function bytesIn(values: readonly unknown[]): Uint8Array | undefined {
  for (const value of values) {
    if (typeof value === 'string') return Buffer.from(value);
    // Not `instanceof`: in Jest, a Buffer is no instance of the `Uint8Array` that modules see.
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return undefined;
}

/**
 * Reads a stream to its end. What is beyond `maxBytes` is read, too, but not kept: else the answer would not arrive.
 */
function readStream(stream: Readable, maxBytes: number): Promise<RouteBody> {
  return new Promise((resolve) => {
    const { headers } = stream as Readable & { readonly headers?: Readonly<Record<string, string>> };
    const chunks: Uint8Array[] = [];
    let size = 0;
    let isSettled = false;
    const settle = (body: RouteBody): void => {
      // A stream that has ended is closed, too.
      if (isSettled) return;
      isSettled = true;
      stream.off('data', take);
      resolve(body);
      stream.resume();
    };
    const take = (chunk: Uint8Array | string): void => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      size += bytes.length;
      if (size > maxBytes) settle('too-large');
      else chunks.push(bytes);
    };
    stream.on('error', () => settle('cut-off'));
    stream.on('close', () => settle('cut-off'));
    stream.on('end', () => settle(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    if (Number(headerText(headers?.['content-length'])) > maxBytes) settle('too-large');
    else stream.on('data', take);
  });
}
