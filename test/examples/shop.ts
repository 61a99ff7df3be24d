/** The demo shop as its tests see it. It is plain JavaScript, so its types stand here. */
import { pathToFileURL } from 'node:url';
import type { Convert } from '../../src/convert/convert.js';
import { ROOT } from './root.js';

export const FRAMEWORKS = ['express', 'koa', 'fastify'] as const;

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';
export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';

export interface ShopEvent {
  visitorId: string;
  eventType: 'bucketing' | 'conversion';
  data: {
    experienceId?: string;
    variationId?: string;
    goalId?: string;
    goalData?: { key: string; value: string | number }[];
    bucketingData?: Record<string, string>;
  };
}

export interface Shop {
  readonly url: string;
  /** The URLs for other machines in the network; none if it listens at a loopback address. */
  readonly network: readonly string[];
  readonly convert: Convert;
  /** What arrived at the collector. */
  readonly events: readonly ShopEvent[];
  /** The address that stands for Convert's endpoints, and the key of the project there. */
  readonly endpoint: string;
  readonly sdkKey: string;
  /** What webhooks are signed with. */
  readonly secret: string;
  close(): Promise<void>;
}

/** Of the project in examples/shop/project.json. */
export const HERO = { id: '3001', variations: { '300101': 'original', '300102': 'story', '300103': 'gift' } };
export const PURCHASE = '7003';

/** Loads what was built before the tests. Its project config is in force: before, visitors get originals. */
export async function startShop(framework: string, host?: string): Promise<Shop> {
  const server = (await shopFile('server.js')) as {
    startShop(options: { framework: string; port: number; host?: string | undefined }): Promise<Shop>;
  };
  const shop = await server.startShop({ framework, port: 0, host });
  await shop.convert.ready();
  return shop;
}

/** What a file of the shop exports. */
export async function shopFile(name: string): Promise<unknown> {
  return import(/* @vite-ignore */ pathToFileURL(`${ROOT}examples/shop/${name}`).href);
}
