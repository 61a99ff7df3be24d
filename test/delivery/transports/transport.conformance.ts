/** What every transport must do, over real sockets. */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Transport } from '../../../src/delivery/types.js';
import { type Collector, type CollectorOptions, startCollector } from '../../support/collector.js';

export const BODY = '{"visitors":[{"visitorId":"Zoë","events":[]}]}';

export type MakeTransport = (options?: { timeout?: number }) => Transport;

/** A server below HTTP: `serve` gets each connection. */
export async function rawServer(serve: (socket: Socket, n: number) => void): Promise<string> {
  let n = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket, (n += 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** `early`: the code of the error for an answer that ends too early. */
export function transportConformance(name: string, make: MakeTransport, { early }: { early: string }): void {
  describe(`${name} is a transport`, () => {
    async function start(
      how: CollectorOptions = {},
      timeout = 5000,
    ): Promise<{ collector: Collector; transport: Transport; post: () => ReturnType<Transport['post']> }> {
      const collector = await startCollector(how);
      const transport = make({ timeout });
      onTestFinished(async () => {
        transport.close();
        await collector.close();
      });
      return { collector, transport, post: () => transport.post(collector.url, BODY, true) };
    }

    describe('a POST', () => {
      it('says what it is, and that it is Convert', async () => {
        const { collector, post } = await start();
        expect(await post()).toMatchObject({ status: 200, retryAfter: undefined });
        const [request] = collector.requests;
        expect(request?.method).toBe('POST');
        expect(request?.url).toBe('/v1/track/10035569/10034190');
        expect(request?.text).toBe(BODY);
        expect(request?.headers).toMatchObject({
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(BODY)),
          'user-agent': 'ConvertAgent/1.0',
        });
      });

      it('resolves with any status, and with Retry-After', async () => {
        const statuses = [204, 304, 400, 503, 299];
        const { post } = await start({
          status: (n) => statuses[n - 1] ?? 200,
          headers: () => ({ 'Retry-After': '7' }),
        });
        for (const status of statuses) {
          const { date, ...answer } = await post();
          expect(answer).toEqual({ status, retryAfter: '7', isPage: false });
          expect(Date.parse(date ?? '')).toBeGreaterThan(Date.now() - 60_000);
        }
      });

      it('follows no redirect', async () => {
        const other = await start();
        const { post } = await start({
          status: () => 307,
          headers: () => ({ Location: other.collector.url }),
        });
        expect(await post()).toMatchObject({ status: 307 });
        expect(other.collector.requests).toHaveLength(0);
      });

      it.each([
        ['<!doctype html><title>Log in</title>', 'text/html; charset=utf-8', true],
        ['\ufeff\n  <html>', 'Text/HTML', true],
        ['ok', 'text/html', false],
        ['', 'text/html', false],
        ['<html>garbage', 'application/json', false],
        ['{"data":"<html>"}', 'application/json', false],
      ])('E6: tells if the answer is a web page: %j as %s', async (body, type, isPage) => {
        const { post } = await start({ body, headers: () => ({ 'Content-Type': type }) });
        expect(await post()).toMatchObject({ status: 200, isPage });
      });

      it('does not read an endless body to its end', async () => {
        const url = await rawServer((socket) => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
          const chunk = 'x'.repeat(16 * 1024);
          const pump = (): void => {
            while (socket.writable && socket.write(chunk));
          };
          socket.on('drain', pump);
          pump();
        });
        const transport = make({ timeout: 5000 });
        onTestFinished(() => transport.close());
        expect(await transport.post(url, BODY, true)).toMatchObject({ status: 200 });
      });
    });

    describe('a POST that fails', () => {
      it.each([
        ['reset', 'ECONNRESET', 10_000],
        ['reset-body', 'ECONNRESET', 10_000],
        ['reset-after', 'ECONNRESET', 10_000],
        ['hang', 'ETIMEDOUT', 150],
        ['drip-head', 'ETIMEDOUT', 150],
        ['hang-body', 'ETIMEDOUT', 150],
        ['drip', 'ETIMEDOUT', 150],
      ] as const)('rejects when the endpoint does this: %s', async (behaviour, code, timeout) => {
        const { collector, post } = await start({ behaviour: () => behaviour }, timeout);
        await expect(post()).rejects.toMatchObject({ code });
        // And the next one finds its way.
        collector.change({ behaviour: () => 'answer' });
        await vi.waitFor(async () => expect(await post()).toMatchObject({ status: 200 }), 20_000);
      });

      it('rejects an answer that is not HTTP, and keeps none of its bytes', async () => {
        const { post } = await start({ behaviour: () => 'garbage' });
        const error: unknown = await post().catch((reason: unknown) => reason);
        expect(error).toMatchObject({ code: expect.stringMatching(/^HPE_/) as string });
        expect(Object.keys(error as object)).toEqual(['code']);
      });

      it('rejects an answer whose head drips for longer than the limit', async () => {
        const url = await rawServer((socket) => {
          const head = 'HTTP/1.1 200 OK\r\nX-Slow: ';
          let at = 0;
          const timer = setInterval(() => socket.write(head[(at += 1)] ?? 'x'), 20);
          socket.write('H');
          socket.on('close', () => clearInterval(timer));
        });
        const transport = make({ timeout: 150 });
        await expect(transport.post(url, BODY, true)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
        transport.close();
      });

      it('rejects an answer that ends too early', async () => {
        const url = await rawServer((socket) => {
          socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123');
        });
        const transport = make();
        await expect(transport.post(url, BODY, true)).rejects.toMatchObject({ code: early });
        transport.close();
      });

      it('rejects a change of protocol', async () => {
        const url = await rawServer((socket) => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        });
        const transport = make();
        await expect(transport.post(url, BODY, true)).rejects.toThrow();
        transport.close();
      });

      it('rejects when nobody listens', async () => {
        const { collector, post } = await start();
        await collector.close();
        await expect(post()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        await collector.reopen();
        expect(await post()).toMatchObject({ status: 200 });
      });

      it.each(['nonsense', 'ftp://127.0.0.1/', ''])('rejects an address that is none: %j', async (url) => {
        const transport = make();
        await expect(transport.post(url, BODY, true)).rejects.toThrow();
        transport.close();
      });
    });

    describe('close', () => {
      it('ends what is under way, and later POSTs', async () => {
        const { collector, transport, post } = await start({ behaviour: () => 'hang' });
        const posting = expect(post()).rejects.toMatchObject({ code: 'ECONNRESET' });
        await collector.waitFor(({ requests }) => requests.length === 1);
        transport.close();
        await posting;
        await expect(post()).rejects.toMatchObject({ code: 'ECANCELED' });
      });
    });
  });
}
