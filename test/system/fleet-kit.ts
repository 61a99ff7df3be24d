/**
 * Some processes behind one Redis, as a site has them: visitors go from one to the other, and the project changes
 * meanwhile.
 */
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { type Child, startChild } from '../support/child.js';
import { startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import type { sharedRedis } from '../support/redis.js';

/** Of each visitor, one after the other. */
const REQUESTS = 10;
const BUYS = [3, 6, 9];
/** Milliseconds between two versions of the project; a process asks for it every second, at a time of its own. */
const CHANGE = 700;

const built = (name: string): string => JSON.stringify(join(import.meta.dirname, '../../dist', name));

interface Size {
  readonly processes: number;
  readonly visitors: number;
  /** Visitors at a time. */
  readonly concurrency: number;
  /** Milliseconds between two requests of a visitor. */
  readonly pause?: number;
}

export function fleetSuite(
  redis: ReturnType<typeof sharedRedis>,
  { processes, visitors, concurrency, pause = 0 }: Size,
): void {
  it(
    'shows each visitor one variation, and counts one exposure and one conversion',
    { timeout: 240_000 },
    async () => {
      const collector = await startCollector();
      onTestFinished(() => collector.close());
      const projects = await startProjects();
      const fleet = await Promise.all(
        Array.from({ length: processes }, () => startProcess(redis.port, projects, collector.origin)),
      );
      const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
      onTestFinished(() => agent.destroy());

      const seen = new Map<string, Set<string>>();
      let begun = 0;
      const visit = async (): Promise<void> => {
        while (begun < visitors) {
          const visitor = (begun += 1);
          let cookie: string | undefined;
          const variations = new Set<string>();
          for (let n = 0; n < REQUESTS; n += 1) {
            const { port } = fleet[(visitor + n * 3 + (n >> 2)) % processes]!;
            const path = BUYS.includes(n) ? '/buy' : '/';
            const answer = await get(`http://127.0.0.1:${port}${path}`, cookie, agent);
            variations.add(answer.body);
            if (pause > 0) await sleep(pause);
            if (cookie !== undefined) continue;
            cookie = answer.cookie;
            // What is promised begins once the first commit is through.
            const key = `convert:1001-2002-${idOf(cookie)}`;
            while ((await redis.client.exists(key)) === 0) await sleep(1);
          }
          seen.set(idOf(cookie), variations);
        }
      };
      await Promise.all(Array.from({ length: concurrency }, visit));
      for (const { child } of fleet) child.kill('SIGTERM');
      const outputs = await Promise.all(fleet.map(({ child }) => child.ended));
      const stats = outputs.map(({ output }) => JSON.parse(output.trim().split('\n').at(-1)!) as Stats);

      expect([...seen.values()].filter(({ size }) => size !== 1)).toEqual([]);
      expect(seen.size).toBe(visitors);
      // Both variations, and a project that changed under all of them.
      expect(new Set([...seen.values()].flatMap((each) => [...each])).size).toBe(2);
      for (const { changes } of stats) expect(changes).toBeGreaterThan(2);
      expect(stats.map(({ unavailable }) => unavailable)).toEqual(Array(processes).fill(0));

      const ids = [...seen.keys()].sort();
      expect(
        collector
          .exposures()
          .map(({ visitorId }) => visitorId)
          .sort(),
      ).toEqual(ids);
      expect(
        collector
          .conversions()
          .map(({ visitorId }) => visitorId)
          .sort(),
      ).toEqual(ids);
      for (const { visitorId, data } of collector.exposures()) {
        const { variationId } = data as { variationId: string };
        expect([...seen.get(visitorId)!]).toEqual([variationId]);
      }
    },
  );
}

interface Stats {
  readonly changes: number;
  readonly unavailable: number;
}

interface Member {
  readonly child: Child;
  readonly port: string;
}

/** Says the port it listens on, then, at its end, its statistics. */
async function startProcess(redisPort: number, config: string, track: string): Promise<Member> {
  const child = startChild(`
    import express from 'express';
    import { Redis } from 'ioredis';
    import { createConvert } from ${built('index.mjs')};
    import { convertMiddleware } from ${built('express.mjs')};
    import { redisOutbox, redisStore } from ${built('redis.mjs')};
    const client = new Redis(${redisPort});
    const convert = createConvert({
      sdkKey: '1001/2002',
      endpoints: { config: ${JSON.stringify(config)}, track: ${JSON.stringify(track)} },
      refreshInterval: 1_000,
      store: redisStore(client),
      // Machines that run this test may be busy: what is asked here is what happens when Redis answers.
      storeTimeout: 30_000,
      delivery: { outbox: redisOutbox(client) },
    });
    await convert.ready();
    const app = express().use(convertMiddleware(convert));
    app.get(['/', '/buy'], (request, response) => {
      const variation = request.convert.runExperience('homepage-hero');
      if (request.path === '/buy') request.convert.trackConversion('purchase');
      response.send(String(variation?.id));
    });
    const server = app.listen(0, '127.0.0.1', () => console.log('up', server.address().port, '\\nlistening'));
    // The machine may be busy for longer than the 5 s after which Node ends a connection that is about to be used.
    server.keepAliveTimeout = 120_000;
    process.once('SIGTERM', async () => {
      server.close();
      server.closeAllConnections();
      await convert.close({ timeout: 20_000 });
      client.disconnect();
      const { project, store } = convert.stats();
      console.log(JSON.stringify({ changes: project.changes, unavailable: store.unavailable }));
    });
  `);
  await child.said('listening');
  return { child, port: /up (\d+)/.exec(child.output())![1]! };
}

/** A config endpoint with another project every now and then: the traffic of its experience moves. */
async function startProjects(): Promise<string> {
  const shares = [50, 90, 10, 70, 20];
  const began = performance.now();
  const project = (version: number): ProjectConfig => {
    const config = structuredClone(testProject());
    const share = shares[version % shares.length]!;
    const [hero] = config.experiences!.filter(({ key }) => key === 'homepage-hero');
    const [original, other] = hero!.variations!;
    original!.traffic_allocation = share;
    other!.traffic_allocation = 100 - share;
    config.project.settings = { ...config.project.settings, version: String(version) };
    return config;
  };
  const server = createServer((_request, response) => {
    const version = Math.floor((performance.now() - began) / CHANGE);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(project(version)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function get(
  url: string,
  cookie: string | undefined,
  agent: Agent,
): Promise<{ body: string; cookie: string }> {
  const sent = request(url, { agent, headers: { 'user-agent': BROWSER, ...(cookie && { cookie }) } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  return { body, cookie: cookie ?? response.headers['set-cookie']![0]!.split(';')[0]! };
}

const idOf = (cookie: string | undefined): string => cookie!.split('=')[1]!;
const BROWSER =
  'Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
