/** Tests of the demo shop for a phone in the network: where it listens, and that all of the demo works from there. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import { CHROME, HERO, type Shop, shopFile, startShop } from './shop.js';

interface Addresses {
  hostOf: (text: string) => string;
  addressesOf: (listening: { address: string; port: number }) => { url: string; network: string[] };
}

let shop: Shop;

beforeAll(async () => {
  shop = await startShop('express', '0.0.0.0');
});
afterAll(() => shop.close());

it('switches heroes and the collector from another machine', async () => {
  // A machine without a network has its loopback address only.
  const url = shop.network[0] ?? shop.url;
  const headers = { 'User-Agent': CHROME, Cookie: 'consent=granted' };
  const page = async (path: string) => (await fetch(url + path, { headers })).text();

  const link = /href="([^"]*)" data-preview="gift"/.exec(await page('/'))![1]!;
  expect(await page(link.replaceAll('&amp;', '&'))).toContain('Preview: home-hero = gift.');

  const turn = async (collector: string, back: string) => {
    const body = new URLSearchParams({ collector, back });
    const response = await fetch(`${url}/collector/switch`, { method: 'POST', body, redirect: 'manual' });
    return [response.status, response.headers.get('location')];
  };
  const isDown = async () =>
    ((await (await fetch(`${url}/collector.json`)).json()) as { isDown: boolean }).isDown;
  expect(await turn('down', '/cart#sent')).toEqual([303, '/cart#sent']);
  // Somebody presses the same button in another window.
  expect(await turn('down', '//elsewhere.example')).toEqual([303, '/']);
  expect(await isDown()).toBe(true);
  expect(await Promise.all([turn('up', '/'), turn('up', '/')])).toEqual([
    [303, '/'],
    [303, '/'],
  ]);
  expect(await isDown()).toBe(false);
});

it('tells its addresses in the network, if it listens there', async () => {
  const { addressesOf, hostOf } = (await shopFile('addresses.js')) as Addresses;
  const at = (address: string) => addressesOf({ address, port: 3000 });
  expect(at('127.0.0.1')).toEqual({ url: 'http://127.0.0.1:3000', network: [] });
  expect(at('::1')).toEqual({ url: 'http://[::1]:3000', network: [] });
  expect(at('192.0.2.7')).toEqual({ url: 'http://192.0.2.7:3000', network: ['http://192.0.2.7:3000'] });
  expect(at('0.0.0.0')).toEqual({ url: 'http://127.0.0.1:3000', network: at('::').network });
  const { port } = new URL(shop.url);
  expect(shop.network).toEqual(addressesOf({ address: '0.0.0.0', port: Number(port) }).network);
  expect(hostOf('0.0.0.0')).toBe('0.0.0.0');
  expect(() => hostOf('box')).toThrow('HOST=box is no IP address');
});

it('stands for Convert to a server of somebody else, which has the key', async () => {
  const { endpoint, sdkKey, events } = shop;
  const endpoints = { config: endpoint, track: endpoint };
  const convert = createConvert({ sdkKey, environment: 'production', endpoints, logger: false });
  await convert.ready();
  const visitor = await convert.forVisitor('of-the-other-server');
  const hero = visitor.runExperience('home-hero', { locationProperties: { path: '/' } });
  await convert.close();
  expect(events.filter(({ visitorId }) => visitorId === 'of-the-other-server')).toMatchObject([
    { data: { experienceId: HERO.id, variationId: hero!.id } },
  ]);
  expect((await fetch(`${endpoint}/config/1/2`)).status).toBe(404);
});
