import http from 'node:http';
import { createServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { httpSource, type HttpSourceOptions } from '../../../src/project/sources/http-source.js';
import {
  httpServer,
  later,
  listen,
  project,
  recorder,
  says,
  saysProject,
  started,
  until,
  versionOf,
} from '../helpers.js';

const quick = { sdkKey: '100/200', refreshInterval: 20, timeout: 5_000, backoff: { min: 10, max: 20 } };

function fetching(endpoint: string, options: Partial<HttpSourceOptions> = {}) {
  return started(httpSource({ ...quick, endpoint, ...options }));
}

/** Serves raw bytes on each connection. */
async function rawServer(
  onRequest: (write: (bytes: string) => void, end: () => void) => void,
): Promise<string> {
  const server = createServer((socket) => {
    later(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('data', () =>
      onRequest(
        (bytes) => socket.write(bytes),
        () => socket.end(),
      ),
    );
  });
  later(() => new Promise((done) => server.close(done)));
  return `http://127.0.0.1:${await listen(server)}/`;
}

describe('another project than that of the key', () => {
  const of = (account: unknown, id: unknown) =>
    says(JSON.stringify({ ...project(), account_id: account, project: { id } }));

  it('D8: is refused if the key is two numbers', async () => {
    const server = await httpServer(of(6666, 9999));
    const sink = fetching(server.base, { sdkKey: '7001/7002' });
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.configs).toEqual([]);
    expect(sink.errors[0]).toMatchObject({ code: 'CONVERT_BAD_PROJECT' });
    expect(sink.errors[0]!.message).toContain('is the config of project 6666/9999, not of 7001/7002');
    server.answer = of(7001, 9999);
    const { length } = sink.errors;
    await until(() => expect(sink.errors.length).toBeGreaterThan(length + 1));
    expect(sink.errors.at(-1)!.message).toContain('7001/9999');
    server.answer = of(7001, 7002);
    await until(() => expect(sink.configs).toHaveLength(1));
  });

  it('D8: is refused after the first config if the key has another form', async () => {
    const server = await httpServer(of(7001, 7002));
    const sink = fetching(server.base, { sdkKey: 'shop_1' });
    await until(() => expect(sink.configs).toHaveLength(1));
    server.answer = of(6666, 9999);
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]!.message).toContain('6666/9999, not of 7001/7002');
    expect(sink.configs).toHaveLength(1);
  });
});

describe('a draft', () => {
  const draftOf = async (options: Partial<HttpSourceOptions>, id = '1') => {
    const source = httpSource({ ...quick, ...options });
    const sink = started(source);
    await until(() => expect(sink.configs).toHaveLength(1));
    return { source, draft: () => source.draft!(id) };
  };

  it('B8: is asked for as the official SDK asks', async () => {
    const server = await httpServer(saysProject());
    const options = {
      endpoint: server.base,
      refreshInterval: 100_000,
      environment: 'live',
      sdkKeySecret: 's3cret',
    };
    const { draft } = await draftOf({ ...options, debugToken: 'a&b' }, '17');
    expect((await draft())?.project.id).toBe('200');
    const request = server.requests.at(-1);
    expect(request?.url).toBe(
      '/api/v1/config/100/200?environment=live&debug_token=a%26b&exp=17&_conv_low_cache=1',
    );
    expect(request?.headers.authorization).toBe('Bearer s3cret');
    expect(request?.headers['if-none-match']).toBeUndefined();
  });

  it('B8: goes through the guards of every config', async () => {
    const server = await httpServer(saysProject());
    const options = { endpoint: server.base, refreshInterval: 100_000, maxBytes: 1_000 };
    const { draft, source } = await draftOf({ ...options, sdkKey: 'shop_1' });
    const answers: [ReturnType<typeof says>, string][] = [
      [says(JSON.stringify({ ...project(), account_id: '6666' })), '6666/200, not of 100/200'],
      [says(`{"x":"${'x'.repeat(2_000)}"}`), 'larger than 1000 bytes'],
      [says('{"error":"no"}'), 'it is an error message'],
      [says('', {}, 403), 'answered 403'],
    ];
    for (const [answer, message] of answers) {
      server.answer = answer;
      await expect(draft()).rejects.toThrow(message);
    }
    server.answer = says('', {}, 404);
    expect(await draft()).toBeUndefined();
    const { length } = server.requests;
    source.stop();
    await expect(draft()).rejects.toThrow();
    expect(server.requests).toHaveLength(length);
  });
});

describe('a config endpoint that works', () => {
  it('is asked as the official SDK asks', async () => {
    const server = await httpServer(saysProject());
    const sink = fetching(server.base.slice(0, -1), { environment: 'live', sdkKeySecret: 's3cret' });
    await until(() => expect(sink.configs).toHaveLength(1));
    const request = server.requests[0];
    expect(request?.method).toBe('GET');
    expect(request?.url).toBe('/api/v1/config/100/200?environment=live');
    expect(request?.headers.authorization).toBe('Bearer s3cret');
    expect(request?.headers['user-agent']).toBe('ConvertAgent/1.0');
    expect(request?.headers['accept-encoding']).toBe('gzip, br');
    expect(sink.configs[0]).toEqual(project());
  });

  it('gets no secret and no environment where there is none', async () => {
    const server = await httpServer(saysProject());
    const sink = fetching(server.base);
    await until(() => expect(sink.configs).toHaveLength(1));
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(server.requests[0]?.url).toBe('/api/v1/config/100/200');
  });

  it('delivers again only when the content changed', async () => {
    const server = await httpServer(saysProject('1'));
    const sink = fetching(server.base);
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(1));
    expect(sink.configs).toHaveLength(1);
    server.answer = saysProject('2');
    await until(() => expect(sink.configs).toHaveLength(2));
    expect(sink.configs.map(versionOf)).toEqual(['1', '2']);
    expect(sink.errors).toEqual([]);
  });

  it('is asked with the ETag of the last good answer, and may answer 304', async () => {
    const server = await httpServer((request, response) => {
      if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else saysProject('1', { ETag: '"v1"' })(request, response);
    });
    const sink = fetching(server.base);
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(1));
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expect(sink.configs).toHaveLength(1);
    // A broken answer brings an ETag of its own, which must not be offered: 304 would confirm the brokenness.
    server.answer = says('<html>', { ETag: '"broken"' });
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(server.requests.at(-1)?.headers['if-none-match']).toBe('"v1"');
    server.answer = saysProject('2', { ETag: '"v2"' });
    await until(() => expect(sink.configs).toHaveLength(2));
    await until(() => expect(server.requests.at(-1)?.headers['if-none-match']).toBe('"v2"'));
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('may compress with %s', async (encoding, compress) => {
    const server = await httpServer(
      says(compress(JSON.stringify(project())), { 'Content-Encoding': encoding }),
    );
    const sink = fetching(server.base);
    await until(() => expect(sink.configs).toEqual([project()]));
  });

  it('is asked at the interval, give or take a tenth', async () => {
    const server = await httpServer(saysProject());
    // The least of all waits is 9 parts in 10 of an hour: no second request comes.
    const hourly = fetching(server.base, { refreshInterval: 3_600_000, random: () => 0 });
    await until(() => expect(hourly.configs).toHaveLength(1));
    const sink = fetching(server.base, { random: () => 1 });
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(2));
    expect(hourly.unchangedCount).toBe(0);
  });
});

describe('a config endpoint that fails', () => {
  const half = JSON.stringify(project()).slice(0, 40);
  it.each([
    ['500', says('oops', {}, 500), 'answered 500'],
    ['404', says('no', {}, 404), 'answered 404 (check sdkKey)'],
    ['403', says('no', {}, 403), 'answered 403 (check sdkKey and sdkKeySecret)'],
    ['204', says('', {}, 204), 'answered 204'],
    ['304 before there was anything', says('', {}, 304), 'answered 304'],
    ['{error}', says('{"error":"Project not found"}'), 'error message: Project not found'],
    ['HTML', says('<!doctype html>', { 'Content-Type': 'text/html' }), 'it looks like HTML'],
    ['0 bytes', says(''), 'it is empty'],
    ['half a JSON', says(half), 'it is cut off'],
    ['no config', says('{"hello":"world"}'), 'account_id is missing'],
    ['an unknown compression', says('x', { 'Content-Encoding': 'zstd' }), 'encoding that was not asked for'],
    [
      'a compression named like a built-in',
      says('x', { 'Content-Encoding': 'constructor' }),
      'not asked for',
    ],
    ['broken gzip', says('hello', { 'Content-Encoding': 'gzip' }), 'Z_DATA_ERROR'],
    [
      'half a gzip',
      says(gzipSync(half.repeat(9)).subarray(0, 30), { 'Content-Encoding': 'gzip' }),
      'Z_BUF_ERROR',
    ],
  ])('with %s is an error, then is asked again, at boot and later', async (_name, fault, message) => {
    const server = await httpServer(fault);
    const sink = fetching(server.base, { sdkKeySecret: 's3cret', environment: 'live' });
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]?.message).toContain(message);
    expect(sink.errors[0]?.message).not.toMatch(/s3cret|live/);
    expect(sink.configs).toEqual([]);

    server.answer = saysProject('1');
    await until(() => expect(sink.configs).toHaveLength(1));

    if (message === 'answered 304') return;
    const before = sink.errors.length;
    server.answer = fault;
    await until(() => expect(sink.errors.length).toBeGreaterThan(before + 1));
    server.answer = saysProject('2');
    await until(() => expect(sink.configs).toHaveLength(2));
  });

  it('by refusing connections at boot is asked until it is up', async () => {
    const probe = createServer();
    const port = await listen(probe);
    await new Promise((done) => probe.close(done));
    const sink = fetching(`http://127.0.0.1:${port}/api/v1/`);
    await until(() => expect(sink.errors.length).toBeGreaterThan(2));
    expect(sink.errors[0]).toMatchObject({ code: 'CONVERT_PROJECT_UNREACHABLE' });
    expect(sink.errors[0]?.message).toContain('ECONNREFUSED');
    await httpServer(saysProject(), port);
    await until(() => expect(sink.configs).toHaveLength(1));
  });

  it('by redirecting is not followed', async () => {
    const target = await httpServer(saysProject());
    const server = await httpServer(says('', { Location: `${target.base}elsewhere` }, 302));
    const sink = fetching(server.base, { sdkKeySecret: 's3cret' });
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]?.message).toContain('answered 302, a redirect; redirects are not followed');
    expect(target.requests).toHaveLength(0);
  });

  it.each<[string, (write: (bytes: string) => void, end: () => void) => void]>([
    ['before the head', () => {}],
    ['in the head', (write) => write('HTTP/1.1 200 OK\r\nContent-Le')],
    ['in the body', (write) => write('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"account_id"')],
    [
      'never, but drips',
      (write) => {
        write('HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n');
        const drip = setInterval(() => write(' '), 5);
        later(() => clearInterval(drip));
      },
    ],
  ])('by hanging %s is given up after the time limit', async (_where, onRequest) => {
    const sink = fetching(await rawServer(onRequest), { timeout: 60 });
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]?.message).toContain('no complete answer within 60 ms');
  });

  it.each<[string, (write: (bytes: string) => void, end: () => void) => void, string]>([
    ['before the head', (_write, end) => end(), 'ECONNRESET'],
    [
      'in the body',
      (write, end) => {
        write('HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{');
        end();
      },
      'ECONNRESET',
    ],
    ['with bytes that are no HTTP', (write) => write('hello\r\n\r\n'), 'HPE_'],
    [
      'by switching protocols',
      (write) => write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'closed',
    ],
  ])('by breaking off %s is an error, then is asked again', async (_where, onRequest, message) => {
    const sink = fetching(await rawServer(onRequest));
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]?.message).toContain(message);
  });

  it('by sending too much is cut off while it sends', async () => {
    let sent = 0;
    const server = await httpServer((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, ' '))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    });
    const sink = fetching(server.base, {
      maxBytes: 100_000,
      backoff: { min: 1e9, max: 1e9 },
      random: () => 1,
    });
    await until(() => expect(sink.errors).toHaveLength(1));
    expect(sink.errors[0]?.message).toContain('larger than 100000 bytes');
    expect(sent).toBeLessThan(50_000_000);
  });

  it('by sending a compressed bomb is cut off by what it becomes', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const server = await httpServer(says(bomb, { 'Content-Encoding': 'gzip' }));
    const sink = fetching(server.base, { maxBytes: 100_000 });
    await until(() => expect(sink.errors.length).toBeGreaterThan(0));
    expect(sink.errors[0]?.message).toContain('larger than 100000 bytes');
  });

  it.each([429, 503])('with %i and Retry-After is left alone as long as it asks', async (status) => {
    const server = await httpServer(says('', { 'Retry-After': '3600' }, status));
    const patient = fetching(server.base);
    await until(() => expect(patient.errors).toHaveLength(1));
    // The same answer with another status asks for nothing, so there is traffic to compare with.
    const other = await httpServer(says('', { 'Retry-After': '3600' }, 500));
    const eager = fetching(other.base);
    await until(() => expect(eager.errors.length).toBeGreaterThan(5));
    expect(patient.errors).toHaveLength(1);
  });
});

describe('stop', () => {
  it('aborts the request under way and says nothing more', async () => {
    let aborted = 0;
    const server = await httpServer(
      (_request, response) => void response.once('close', () => (aborted += 1)),
    );
    const source = httpSource({ ...quick, timeout: 600_000, endpoint: server.base });
    const sink = started(source);
    await until(() => expect(server.requests).toHaveLength(1));
    source.stop();
    await until(() => expect(aborted).toBe(1));
    expect(sink.errors).toEqual([]);
    expect(sink.configs).toEqual([]);
  });

  it('aborts a body under way', async () => {
    let closed = false;
    const server = await httpServer((_request, response) => {
      response.once('close', () => (closed = true));
      response.writeHead(200).write('{');
    });
    const source = httpSource({ ...quick, timeout: 600_000, endpoint: server.base });
    const sink = started(source);
    await until(() => expect(server.requests).toHaveLength(1));
    source.stop();
    await until(() => expect(closed).toBe(true));
    expect(sink.errors).toEqual([]);
  });

  it('ends the refreshes', async () => {
    const server = await httpServer(saysProject());
    const source = httpSource({ ...quick, timeout: 600_000, endpoint: server.base });
    const sink = started(source);
    await until(() => expect(sink.configs).toHaveLength(1));
    source.stop();
    const seen = server.requests.length;
    const other = fetching(server.base, { environment: 'other' });
    await until(() => expect(other.unchangedCount).toBeGreaterThan(3));
    const mine = server.requests.filter(({ url }) => !url?.includes('other'));
    expect(mine.length).toBeLessThanOrEqual(seen);
  });

  it('before start means that nothing is asked', async () => {
    const server = await httpServer(saysProject());
    const source = httpSource({ ...quick, timeout: 600_000, endpoint: server.base });
    source.stop();
    source.start(recorder());
    const other = fetching(server.base, { environment: 'other' });
    await until(() => expect(other.configs).toHaveLength(1));
    expect(server.requests.every(({ url }) => url?.includes('other'))).toBe(true);
  });
});

describe('wrong options', () => {
  it.each<[string, Record<string, unknown>]>([
    ['sdkKey', { sdkKey: '../x' }],
    ['sdkKeySecret', { sdkKeySecret: 'geheim\r\nX-Evil: 1' }],
    ['sdkKeySecret', { sdkKeySecret: '' }],
    ['environment', { environment: 5 }],
  ])('are refused at construction: %s', (name, options) => {
    const build = () => httpSource({ sdkKey: '1/2', ...options });
    expect(build).toThrow(expect.objectContaining({ code: 'CONVERT_BAD_OPTION' }) as Error);
    expect(build).toThrow(`option ${name} `);
    expect(build).not.toThrow('geheim');
  });

  it('are not needed: a key is enough, and the description holds no secret', () => {
    const source = httpSource({ sdkKey: '1/2', sdkKeySecret: 'geheim', environment: 'live' });
    expect(source.description).toBe('config endpoint https://cdn-4.convertexperiments.com/api/v1/config/1/2');
  });
});

it('E6: asks node:http for `get` at each request, so that a mock that came later is called', async () => {
  const server = await httpServer(saysProject());
  const spy = vi.spyOn(http, 'get');
  later(() => spy.mockRestore());
  fetching(server.base);
  await until(() => expect(spy.mock.calls.length).toBeGreaterThan(0));
});
