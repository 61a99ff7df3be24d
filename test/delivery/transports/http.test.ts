import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
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
