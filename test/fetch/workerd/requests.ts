/** Requests of one worker that wait for the work of each other, which a host may end at any time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import request from 'supertest';
import { assignmentRoutes } from '../../../src/assignment.js';
import { route, withConvert } from '../../../src/fetch.js';
import type { ConvertOptions } from '../../../src/options/types.js';
import { oursPrivacy } from '../../../src/ours-privacy.js';
import { conversionWebhook, standardWebhooks } from '../../../src/webhook.js';
import { appsOf } from '../../adapters/apps.js';
import { CHROME } from '../../adapters/conformance.js';
import type { Adapter, Handler } from '../../adapters/harness.js';
import { httpServer, says } from '../../project/helpers.js';
import { testProject } from '../../support/project.js';
import { serve } from './network.js';

const hero: Handler = (x) => x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');

export function requestsOfOneWorker(adapter: Adapter): void {
  describe('routes', () => {
    const apps = appsOf(adapter);

    it.each(['HMAC', 'Ed25519'])('Q4 a webhook that is signed with %s counts its order', async (how) => {
      const app = await apps.start({ convert: apps.options(), routes: { '/': hero } });
      const { secret, sign } = how === 'HMAC' ? await hmacSigner() : await ed25519Signer();
      const webhook = conversionWebhook(app.convert, {
        platform: standardWebhooks({ secret }),
        goal: 'purchase',
        order: ({ id }) => ({ id, visitorId: 'known' }),
      });
      const orders = route(webhook);
      const { url, close } = serve((asked, waitUntil) => orders(asked, { waitUntil }));
      const body = JSON.stringify({ type: 'order.paid', id: '1' });
      const time = String(Math.floor(Date.now() / 1000));
      const post = (signature: string) =>
        fetch(url, {
          method: 'POST',
          body,
          headers: { 'webhook-id': 'm', 'webhook-timestamp': time, 'webhook-signature': signature },
        });
      expect((await post(await sign(`m.${time}.${body}`))).status).toBe(200);
      expect((await post(await sign('another text'))).status).toBe(401);
      await apps.collector.waitFor((seen) => seen.conversions().length > 0);
      expect(apps.collector.conversions()[0]).toMatchObject({ visitorId: 'known' });
      close();
    });

    it('Q5 the client of the assignment endpoint gets what the endpoint says', async () => {
      const app = await apps.start({ convert: apps.options(), routes: { '/': hero } });
      const token = 'exp_0123456789abcdef';
      const assigned = route(assignmentRoutes(app.convert, { tokens: token }));
      const endpoint = serve((asked, waitUntil) => assigned(asked, { waitUntil }));
      const ours = oursPrivacy({ token, endpoint: `${endpoint.url}/api/v1`, timeout: 5_000 });
      const handle = withConvert(async (_, of) => Response.json(await of.assign('homepage-hero')), ours);
      const page = serve((asked, waitUntil) => handle(asked, { waitUntil }));
      const answer = await fetch(page.url, { headers: { cookie: '_ours_user=v_123' } });
      expect(await answer.json()).toMatchObject({ inExperiment: true, experimentId: '101' });
      await apps.collector.waitFor((seen) => seen.exposures().length === 1);
      expect(apps.collector.exposures()).toMatchObject([{ visitorId: 'v_123' }]);
      endpoint.close();
      page.close();
    });

    it('Q6 the endpoint answers 503 until the config is there, which comes later than its first answer', async () => {
      const server = await httpServer((_, answer) => {
        void sleep(150).then(() => says(JSON.stringify(testProject()))(undefined as never, answer as never));
      });
      const endpoints = { config: server.base, track: apps.collector.origin };
      const options = apps.options({ project: undefined, sdkKey: '1001/2002', endpoints, readyTimeout: 20 });
      const { convert } = await apps.start({ convert: options, routes: {} });
      const token = 'exp_0123456789abcdef';
      const assigned = route(assignmentRoutes(convert, { tokens: token }));
      const endpoint = serve((asked, waitUntil) => assigned(asked, { waitUntil }));
      const body = JSON.stringify({ token, visitor_id: 'v_123', track_impression: false });
      const ask = async (): Promise<number> => {
        const url = `${endpoint.url}/experiments/assignments/homepage-hero`;
        return (await fetch(url, { method: 'POST', body })).status;
      };
      expect(await ask()).toBe(503);
      // The fetch of the config goes on behind the first request.
      let status = 503;
      for (let n = 0; n < 100 && status === 503; n++) {
        await sleep(20);
        status = await ask();
      }
      expect([status, server.requests.length]).toEqual([200, 1]);
      endpoint.close();
    });
  });

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

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(new TextEncoder().encode(text));

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
type KeyPair = Readonly<Record<'publicKey' | 'privateKey', Key>>;

interface Signer {
  readonly secret: string;
  readonly sign: (text: string) => Promise<string>;
}

async function hmacSigner(): Promise<Signer> {
  const secret = bytesOf('a secret of the test');
  const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  return {
    secret: `whsec_${base64(secret.buffer)}`,
    sign: async (text) => `v1,${base64(await crypto.subtle.sign('HMAC', key, bytesOf(text)))}`,
  };
}

async function ed25519Signer(): Promise<Signer> {
  const keys = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as KeyPair;
  return {
    secret: `whpk_${base64(await crypto.subtle.exportKey('raw', keys.publicKey))}`,
    sign: async (text) =>
      `v1a,${base64(await crypto.subtle.sign('Ed25519', keys.privateKey, bytesOf(text)))}`,
  };
}
