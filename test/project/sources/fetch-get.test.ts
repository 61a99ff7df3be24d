/** The bounds of a request for the config that is made with `fetch`: those of `get`. */
import { gzipSync } from 'node:zlib';
import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { fetchGet } from '../../../src/project/sources/fetch-get.js';
import { get } from '../../../src/project/sources/http-get.js';
import { later, listen } from '../helpers.js';

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  later(() => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  });
  return new URL(`http://127.0.0.1:${await listen(server)}/`);
}

describe.each([
  ['fetchGet', fetchGet],
  ['get', get],
])('E5: %s', (_, request) => {
  const ask = (url: URL, more: object = {}) =>
    request(url, {
      headers: { Accept: 'application/json' },
      timeout: 5_000,
      maxBytes: 1_000,
      signal: new AbortController().signal,
      ...more,
    });

  it('gives status, headers and the decompressed body', async () => {
    const url = await serve((_request, response) => {
      response.setHeader('ETag', '"one"');
      response.setHeader('Content-Encoding', 'gzip');
      response.end(gzipSync('{"a":1}'));
    });
    const { status, headers, body } = await ask(url);
    expect({ status, etag: headers.etag, body: String(Buffer.from(body)) }).toEqual({
      status: 200,
      etag: '"one"',
      body: '{"a":1}',
    });
  });

  it('refuses a body that is too large, decompressed', async () => {
    const url = await serve((_request, response) => {
      response.setHeader('Content-Encoding', 'gzip');
      response.end(gzipSync(Buffer.alloc(1_000_000)));
    });
    await expect(ask(url)).rejects.toThrow('the answer is larger than 1000 bytes');
  });

  it('follows no redirect, and reads no body of another status', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end('moved');
    });
    expect(await ask(url)).toMatchObject({ status: 302, body: { length: 0 } });
  });

  it('ends after the time limit, and when it is stopped', async () => {
    const url = await serve(() => undefined);
    await expect(ask(url, { timeout: 20 })).rejects.toThrow('no complete answer within 20 ms');
    const stop = new AbortController();
    const asked = ask(url, { signal: stop.signal });
    setTimeout(() => stop.abort(), 20);
    await expect(asked).rejects.toThrow();
  });

  it('names the code of a system error', async () => {
    await expect(ask(new URL('http://127.0.0.1:1/'))).rejects.toThrow(/^ECONNREFUSED|bad port|fetch failed/);
  });
});
