/** `convert.closeWith(server)`: a Convert that ends after the servers it serves, with all that they decided. */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Koa from 'koa';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Convert, createConvert } from '../../src/convert/convert.js';
import { convertMiddleware } from '../../src/express.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { type Collector, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';
import { serverEndSuite } from './server-end-suite.js';

let collector: Collector;
const made: Convert[] = [];

beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  for (const convert of made.splice(0)) await convert.close({ timeout: 100 });
  await collector.close();
});

const options = (): ConvertOptions => ({
  project: testProject(),
  endpoints: { track: collector.origin },
  delivery: { linger: 60_000 },
  bots: 'include',
  logger: false,
});

function create(): Convert {
  const convert = createConvert(options());
  made.push(convert);
  return convert;
}

async function listening(server: Server): Promise<Server> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

const closed = (server: { close(done: () => void): unknown }) =>
  new Promise<void>((resolve) => server.close(() => resolve()));

let jobs = 0;
/** A Convert that is closed takes no event any more. */
async function isClosed(convert: Convert): Promise<boolean> {
  const before = convert.stats().delivery.dropped;
  const job = await convert.forVisitor(`job-${(jobs += 1)}`);
  job.trackConversion('purchase');
  void job.flush();
  return convert.stats().delivery.dropped > before;
}

describe('closeWith', () => {
  it('returns the server, and sends what its last responses decided', async () => {
    const middleware = convertMiddleware(options());
    made.push(middleware.convert);
    let answer = (): void => undefined;
    const app = express();
    app.use(middleware);
    app.get('/', (req, res) => {
      req.convert.runExperience('homepage-hero');
      answer = () => void res.end();
    });
    const given = createServer(app);
    const server: Server = middleware.convert.closeWith(given);
    expect(server).toBe(given);
    await listening(server);

    const request = get({ port: (server.address() as AddressInfo).port, agent: false });
    await once(server, 'request');
    const over = closed(server);
    expect(await isClosed(middleware.convert)).toBe(false);
    expect(middleware.convert.stats().delivery.accepted).toBe(1);
    answer();
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
    response.resume();
    await over;
    expect(await isClosed(middleware.convert)).toBe(true);
    await middleware.convert.close();
    expect(collector.exposures()).toHaveLength(1);
  });

  it('waits for the last of several servers', async () => {
    const convert = create();
    const one = convert.closeWith(await listening(createServer()));
    const two = await listening(convert.closeWith(createServer()));
    const three = convert.closeWith(createHttp2Server());
    await once(three.listen(0, '127.0.0.1'), 'listening');
    for (const server of [two, three]) {
      await closed(server);
      expect(await isClosed(convert)).toBe(false);
    }
    await closed(one);
    expect(await isClosed(convert)).toBe(true);
  });

  it('closes connections that become idle while the server is closing', async () => {
    const answers: (() => void)[] = [];
    const server = await listening(
      createServer((_request, response) => void answers.push(() => response.end('late'))),
    );
    // Such a connection stays open until somebody closes it.
    server.keepAliveTimeout = 0;
    create().closeWith(server);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const answered = once(get({ port: (server.address() as AddressInfo).port, agent }), 'response');
    await once(server, 'request');
    server.close();
    const isOver = once(server, 'close');
    answers.forEach((answer) => answer());
    const [response] = (await answered) as [IncomingMessage];
    response.resume();
    await isOver;
  });

  it('bears a server that is given twice, closed twice, or never listened', async () => {
    const convert = create();
    const twice = await listening(convert.closeWith(createServer()));
    convert.closeWith(twice);
    expect(twice.listenerCount('close')).toBe(1);
    const never = convert.closeWith(createServer());
    await closed(twice);
    await closed(twice);
    expect(await isClosed(convert)).toBe(false);
    await closed(never);
    expect(await isClosed(convert)).toBe(true);
  });

  it('bears that the Convert is closed already', async () => {
    const convert = create();
    const server = await listening(convert.closeWith(createServer()));
    const ledger = await convert.close();
    await closed(server);
    expect(await convert.close()).toBe(ledger);
  });

  it('closes within the time that it is given', async () => {
    const convert = create();
    const close = vi.spyOn(convert, 'close');
    const server = await listening(convert.closeWith(createServer(), { timeout: 1234 }));
    await closed(server);
    expect(close.mock.calls).toEqual([[{ timeout: 1234 }]]);
  });

  it('E11: calls `after` once, when the Convert has closed, for each of the servers', async () => {
    const convert = create();
    const order: string[] = [];
    void convert.ready();
    const after = (): void => {
      order.push('after');
      void isClosed(convert).then((is) => order.push(`closed: ${is}`));
    };
    const [one, two] = [await listening(createServer()), await listening(createServer())];
    convert.closeWith(one, { after });
    convert.closeWith(two, { after });
    convert.closeWith(two, { after: async () => void order.push('another') });
    await closed(one);
    expect(order).toEqual([]);
    await closed(two);
    await expect.poll(() => order).toEqual(['after', 'another', 'closed: true']);
  });

  it('E11: reports an `after` that throws, rejects, or takes longer than the close may', async () => {
    const failures = [
      () => {
        throw new Error('no');
      },
      () => Promise.reject(new Error('no')),
      () => new Promise(() => undefined),
    ];
    for (const after of failures) {
      const convert = create();
      const errors: unknown[] = [];
      convert.on('error', (error) => errors.push(error.code));
      await closed(convert.closeWith(await listening(createServer()), { timeout: 10, after }));
      await expect.poll(() => errors).toEqual(['CONVERT_CALLBACK']);
    }
  });

  const SERVER =
    'convert: closeWith(server) needs the server: what app.listen(port) returns, or http.createServer(app)';
  it.each<[string, unknown, unknown, string]>([
    ['nothing', undefined, undefined, `${SERVER} (given undefined)`],
    ['a port', 3000, undefined, `${SERVER} (given 3000)`],
    ['an app of Express', express(), undefined, `${SERVER} (given an app)`],
    ['an app of Koa', new Koa(), undefined, `${SERVER} (given an app)`],
    ['something else', {}, undefined, `${SERVER} (given an object)`],
    ['a typo', createServer(), { timout: 1 }, 'unknown option `timout`, did you mean `timeout`?'],
    ['no time', createServer(), { timeout: '5s' }, 'option `timeout` must be a number of milliseconds'],
    ['no function', createServer(), { after: 5 }, 'option `after` must be a function (given 5)'],
    ['no options', createServer(), 5, 'option `options` must be an object (given number)'],
  ])('refuses %s', (_, server, closing, message) => {
    const convert = create();
    let thrown: unknown;
    try {
      convert.closeWith(server as Server, closing as object);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ name: 'ConvertError', code: 'CONVERT_BAD_OPTION' });
    expect((thrown as Error).message).toContain(message);
  });
});

serverEndSuite('small');
