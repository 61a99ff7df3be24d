/** Two Converts in one app, on each framework; and names that no Convert of an app may have. */
import express from 'express';
import Fastify from 'fastify';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { contextProperty } from '../../src/adapters/shared/context-property.js';
import { createConvert } from '../../src/convert/convert.js';
import { convertMiddleware } from '../../src/express.js';
import { convertPlugin } from '../../src/fastify.js';
import { convertMiddleware as koaMiddleware } from '../../src/koa.js';
import { testProject } from '../support/project.js';
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { fetchAdapter } from './fetch.js';
import { koa3Adapter } from './koa.js';
import { outletProject, twoProjectsConformance } from './two-projects.js';

for (const adapter of [express5Adapter, koa3Adapter, fastify5Adapter, fetchAdapter])
  twoProjectsConformance(adapter);

/** The names of an object and of those behind it. */
function namesIn(object: object): string[] {
  const names: string[] = [];
  for (let at = object; at !== null; at = Object.getPrototypeOf(at) as object)
    names.push(...Object.getOwnPropertyNames(at));
  return names;
}

describe('W8 the name of a Convert', () => {
  const project = testProject();
  const make = (config = project) => createConvert({ project: config, delivery: false, logger: false });

  it.each([
    ['no identifier', 'convert-outlet', /`as` must be the name of a property, such as convertOutlet/],
    ['no text', 7, /`as` must be the name of a property.*given 7/],
    ['one of the prototype', '__proto__', /`as` must be/],
    ['one of the framework', 'query', /`as` is 'query', which requests have already/],
    ['one of Node', 'pipe', /`as` is 'pipe', which requests have already/],
    ['one of this package', 'ours', /`as` is 'ours', which requests have already/],
  ])('is refused at construction: %s', async (_name, as, message) => {
    const mount = { as: as as string };
    expect(() => convertMiddleware({ project }, mount)).toThrow(message);
    expect(() => koaMiddleware({ project }, mount)).toThrow(message);
    const app = Fastify();
    await expect(async () => app.register(convertPlugin, { project, ...mount })).rejects.toThrow(message);
    await app.close();
  });

  it('is none that an object of a framework has, in the versions that are installed', async () => {
    const seen = new Set<string>();
    const app = express();
    const koa = new Koa();
    const fastify = Fastify();
    fastify.get('/', (request, reply) => {
      for (const name of namesIn(request)) seen.add(name);
      void reply.send('');
    });
    await fastify.inject('/');
    const req = { headers: {}, socket: {} } as never;
    for (const object of [app.request, koa.createContext(req, { getHeaders: () => ({}) } as never)])
      for (const name of namesIn(object)) seen.add(name);
    await fastify.close();
    const convert = make();
    const taken = [...seen].filter((name) => /^[a-z]\w*$/i.test(name) && !/^(convert|ours)/.test(name));
    expect(taken).toContain('acceptsCharsets');
    const free = taken.filter((as) => {
      try {
        convertMiddleware(convert, { as });
        return true;
      } catch (error) {
        return !/which requests have/.test(String(error));
      }
    });
    expect(free).toEqual([]);
    await convert.close();
  });

  it('is one for a Convert, and one Convert has it in an app of Fastify', async () => {
    const [one, two] = [make(), make(outletProject())];
    convertMiddleware(two, { as: 'convertOutlet' });
    expect(() => koaMiddleware(two, { as: 'convertSale' })).toThrow(/is mounted as 'convertOutlet' already/);
    expect(() => convertMiddleware(two)).toThrow(/`as` is 'convert', .* mounted as 'convertOutlet' already/);
    convertMiddleware(one);
    koaMiddleware(one);
    expect(() => koaMiddleware(one, { as: 'convertSale' })).toThrow(/is mounted as 'convert' already/);
    const app = Fastify();
    await app.register(convertPlugin, { convert: two, as: 'convertOutlet' });
    await app.register(convertPlugin, { convert: two, as: 'convertOutlet' });
    const again = async () => app.register(convertPlugin, { convert: one, as: 'convertOutlet' });
    await expect(again).rejects.toThrow(/'convertOutlet', and this app has another Convert/);
    await app.close();
    const options = { project, delivery: false, logger: false, responseCache: { cookie: 'key' } } as const;
    const three = createConvert(options);
    expect(() => convertMiddleware(three, { as: 'convertSale' })).toThrow(/`responseCache.cookie` is 'key'/);
    await Promise.all([one, two, three].map((each) => each.close()));
  });

  it('is not for what has one already', async () => {
    const ours = { as: 'ours', open: () => ({}) };
    const mount = { as: 'other' };
    const message = /is 'other', and what is mounted has the name 'ours': leave `as` out/;
    expect(() => convertMiddleware(ours as never, mount)).toThrow(message);
    expect(() => koaMiddleware(ours as never, mount)).toThrow(message);
    const app = Fastify();
    await expect(async () => app.register(convertPlugin, { convert: ours, ...mount })).rejects.toThrow(
      message,
    );
    await app.close();
  });

  it('leaves what the app has there, and says so', async () => {
    const logged: string[] = [];
    const log = (message: string): void => void logged.push(message);
    const convert = createConvert({ project, delivery: false, logger: { error: log, warn: log } });
    const property = contextProperty(convert, { as: 'account' }, (_code, message) => log(message));
    const target = { account: 'of the app' };
    property.write(target, property.opener.openNow({ headers: {} } as never, { headersSent: true } as never));
    expect([property.as, target.account]).toEqual(['account', 'of the app']);
    expect(logged).toEqual([expect.stringContaining('`account` of its own')]);
    await convert.close();
  });
});
