import { EventEmitter } from 'node:events';
import http from 'node:http';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { httpTransport } from '../../../src/delivery/transports/http.js';
import type { Transport } from '../../../src/delivery/types.js';
import { type Collector, startCollector } from '../../support/collector.js';
import { BODY, rawServer, transportConformance } from './transport.conformance.js';

transportConformance('httpTransport', httpTransport, { early: 'ECONNRESET' });

async function start(): Promise<{ collector: Collector; transport: Transport }> {
  const collector = await startCollector();
  const transport = httpTransport();
  onTestFinished(async () => {
    transport.close();
    await collector.close();
  });
  return { collector, transport };
}

describe('an answer', () => {
  it('E6: decides by its own end, also if the request closes before it (as with nock)', async () => {
    const { IncomingMessage } = http;
    const request = vi.spyOn(http, 'request').mockImplementation((() => {
      const fake = Object.assign(new EventEmitter(), { end: () => setImmediate(respond), destroy() {} });
      const respond = (): void => {
        const response = Object.assign(new IncomingMessage(new Socket()), { statusCode: 200 });
        fake.emit('response', response);
        fake.emit('close');
        fake.emit('error', Object.assign(new Error('late'), { code: 'ECONNRESET' }));
        setImmediate(() => {
          response.push('{}');
          response.push(null);
        });
      };
      return fake;
    }) as never);
    onTestFinished(() => request.mockRestore());
    const transport = httpTransport();
    expect(await transport.post('http://collector.test/', BODY, true)).toMatchObject({ status: 200 });
    expect(request).toHaveBeenCalledTimes(1);
  });
});

describe('a kept connection', () => {
  /** Answers the first POST of a connection, and meets the next one on it with a reset. */
  async function forgetful(): Promise<{ url: string; connections: () => number }> {
    let connections = 0;
    const url = await rawServer((socket, n) => {
      connections = n;
      let answered = false;
      socket.on('data', () => {
        if (answered) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n');
        answered = true;
      });
    });
    return { url, connections: () => connections };
  }

  it('is used again', async () => {
    const { collector, transport } = await start();
    for (let n = 0; n < 5; n += 1) await transport.post(collector.url, BODY, true);
    expect(new Set(collector.requests.map(({ connection }) => connection)).size).toBe(1);
  });

  it('that the server gave up is replaced, and the POST repeated on a fresh one', async () => {
    const { url, connections } = await forgetful();
    const transport = httpTransport();
    for (let n = 0; n < 4; n += 1)
      expect(await transport.post(url, BODY, true)).toMatchObject({ status: 200 });
    expect(connections()).toBe(4);
    transport.close();
  });

  it('that the server closed while it was idle is no failure', async () => {
    const { collector, transport } = await start();
    const post = () => transport.post(collector.url, BODY, true);
    for (let n = 0; n < 5; n += 1) {
      expect(await post()).toMatchObject({ status: 200 });
      collector.resetConnections();
      if (n % 2) await sleep(10);
    }
  });
});
