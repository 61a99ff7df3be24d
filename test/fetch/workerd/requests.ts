/** Requests of one worker that wait for the work of each other, which a host may end at any time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import request from 'supertest';
import type { ConvertOptions } from '../../../src/options/types.js';
import { appsOf } from '../../adapters/apps.js';
import { CHROME } from '../../adapters/conformance.js';
import type { Adapter, Handler } from '../../adapters/harness.js';
import { httpServer, says } from '../../project/helpers.js';
import { testProject } from '../../support/project.js';

const hero: Handler = (x) => x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');

export function requestsOfOneWorker(adapter: Adapter): void {
  describe('requests of one worker', () => {
    const apps = appsOf(adapter);
    const get = (url: string, path = '/') => request(url).get(path).set('user-agent', CHROME);

    it('Q1 the request that fetches the config may end before the others that wait for it', async () => {
      const server = await httpServer(() => undefined);
      const convert = apps.options({
        project: undefined,
        sdkKey: '1001/2002',
        endpoints: { config: server.base, track: apps.collector.origin },
        readyTimeout: 100,
      });
      const described: Handler = async (x) => {
        const visitor = await app.convert.forVisitor('known', { request: {} });
        x.send(200, visitor.explain('homepage-hero').reason);
      };
      // It ends in the middle of what would be the wait of all.
      const left: Handler = async (x) => {
        void app.convert.forVisitor('known', { request: {} });
        await sleep(150);
        x.send(200, 'left');
      };
      const app = await apps.start({
        convert,
        routes: { '/': hero, '/described': described, '/left': left },
      });
      const first = get(app.url, '/left').then(({ text }) => text);
      await sleep(80);
      const [page, one, other] = await Promise.all(
        ['/', '/described', '/described'].map((path) => get(app.url, path)),
      );
      expect(await first).toBe('left');
      expect([page!.text, one!.text, other!.text]).toEqual(['none', 'not-ready', 'not-ready']);
    });

    it('Q2 each request sends its own events, while others wait for the store', async () => {
      const kept = new Map<string, unknown>();
      let turn = 0;
      const store = {
        get: (key: string) => Promise.resolve(kept.get(key)),
        async set(key: string, value: unknown) {
          await sleep(((turn += 1) % 4) * 20);
          kept.set(key, value);
        },
      };
      const app = await apps.start({ convert: apps.options({ store }), routes: { '/': hero } });
      await Promise.all(Array.from({ length: 12 }, () => get(app.url)));
      await apps.collector.waitFor((seen) => seen.exposures().length === 12);
      expect(apps.collector.requests.length).toBeGreaterThan(3);
      expect(app.convert.stats().delivery).toMatchObject({ accepted: 12, delivered: 12, pending: 0 });
    });

    it('Q3 a project config of a store that is fresh is no reason to wait, nor to tell', async () => {
      const server = await httpServer(says(JSON.stringify(testProject())));
      const kept = new Map<string, string>();
      const projectCache = {
        get: (key: string) => Promise.resolve(kept.get(key) ?? null),
        put: async (key: string, text: string) => void kept.set(key, text),
      };
      const options: ConvertOptions = {
        project: undefined,
        sdkKey: '1001/2002',
        endpoints: { config: server.base, track: apps.collector.origin },
        projectCache: projectCache as never,
      };
      for (let n = 0; n < 2; n++) {
        const app = await apps.start({ convert: apps.options(options), routes: { '/': hero } });
        expect((await get(app.url)).text).not.toBe('none');
      }
      expect(server.requests).toHaveLength(1);
      expect(apps.logged).toEqual([]);
    });
  });
}
