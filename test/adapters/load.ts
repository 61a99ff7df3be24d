/** Exposures under load: many visitors, a flush after every response, and a collector that has its days. */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Collector, type CollectorOptions, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import type { Adapter, RunningApp } from './harness.js';

const CONCURRENCY = 50;

const WEATHERS: [name: string, options: CollectorOptions, downFor: number][] = [
  ['answers every fifth POST with 503', { delay: 20, status: (n) => (n % 5 === 0 ? 503 : 200) }, 0],
  ['answers after 20 ms', { delay: 20 }, 0],
  ['is down for the first 3 s', { delay: 20 }, 3_000],
];

/**
 * `visitorCount` is at least 500: fewer say nothing of how exposures are put together. `count` of the collector's days
 * are tried, the first ones.
 */
export function loadSuite(adapter: Adapter, visitorCount: number, count = WEATHERS.length): void {
  describe(`${adapter.name} under load`, () => {
    it.each(WEATHERS.slice(0, count))(
      'delivers every exposure once while the collector %s',
      async (_name, options, downFor) => {
        const collector = await startCollector(options);
        if (downFor > 0) await collector.close();
        const app = await adapter.start({
          convert: { project: testProject(), endpoints: { track: collector.origin }, logger: false },
          routes: {
            '/': (x) => {
              x.res.once('finish', () => void app.convert.flush({ timeout: 30_000 }));
              x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');
            },
          },
        });
        try {
          const reopened = downFor > 0 ? sleep(downFor).then(() => collector.reopen()) : undefined;
          const visitors = await visit(app, visitorCount);
          await reopened;
          await app.convert.flush({ timeout: 30_000 });
          expectEachOnce(collector, visitors, visitorCount);
          const ledger = app.convert.stats().delivery;
          expect(ledger).toMatchObject({
            accepted: visitorCount,
            delivered: visitorCount,
            pending: 0,
            dropped: 0,
            rejected: 0,
          });
          // Coalesced: nowhere near one POST for each response.
          expect(collector.requests.length).toBeLessThan(visitorCount / 5);
        } finally {
          await app.close();
          await app.convert.close({ timeout: 1_000 });
          await collector.close();
        }
      },
      // Thousands of requests, on a machine that may have other things to do.
      120_000,
    );
  });
}

/** Visits as so many new visitors, and returns the ids that they were given. */
async function visit(app: RunningApp, visitorCount: number): Promise<Set<string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
  const ids = new Set<string>();
  let started = 0;
  const client = async (): Promise<void> => {
    while (started < visitorCount) {
      started += 1;
      ids.add(await get(app.url, agent));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  agent.destroy();
  return ids;
}

function get(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { agent, headers: { 'user-agent': CHROME } }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        const id = /^cv_vid=([^;]+)/.exec(answer.headers['set-cookie']?.[0] ?? '')?.[1];
        if (answer.statusCode === 200 && id !== undefined) resolve(id);
        else reject(new Error(`status ${answer.statusCode}, cookie ${String(answer.headers['set-cookie'])}`));
      });
    });
    sent.once('error', reject);
    sent.end();
  });
}

function expectEachOnce(collector: Collector, visitors: Set<string>, visitorCount: number): void {
  expect(visitors.size).toBe(visitorCount);
  const exposed = collector.exposures().map((event) => event.visitorId);
  expect(exposed).toHaveLength(visitorCount);
  expect(new Set(exposed)).toEqual(visitors);
}
