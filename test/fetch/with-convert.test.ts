/** A handler of a web-standard host: page, cookie, exposure, and what may go on behind the response. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FetchRequest } from '../../src/fetch/request.js';
import { type FetchHandler, withConvert } from '../../src/fetch/with-convert.js';
import { closing, collector, collectorPerTest, cookieOf, create, logged, options, visit } from './setup.js';

collectorPerTest();

const hero: FetchHandler = (_, convert) =>
  new Response(convert.runExperience('homepage-hero')?.key ?? 'none', {
    headers: { 'content-type': 'text/html' },
  });

/** A `waitUntil`, and the end of all that it was given. */
function host() {
  const promises: Promise<unknown>[] = [];
  return {
    promises,
    waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
    over: () => Promise.all(promises),
  };
}

describe('a handler', () => {
  it('decides, sets the cookie, sends one exposure in waitUntil, and stays with it', async () => {
    const handle = withConvert(hero, create());
    const { waitUntil, over } = host();
    const first = await handle(visit(), { waitUntil });
    const page = await first.text();
    expect(page).toMatch(/^(original|version-b)$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    expect(first.headers.get('content-type')).toBe('text/html');
    const cookie = cookieOf(first);
    for (let n = 0; n < 3; n++) {
      const next = await handle(visit('/', { cookie: cookie! }), { waitUntil });
      expect(await next.text()).toBe(page);
      expect(cookieOf(next)).toBeUndefined();
    }
    await over();
    expect(collector.exposures()).toMatchObject([{ visitorId: cookie!.slice('cv_vid='.length) }]);
    expect(handle.convert.stats().delivery).toMatchObject({ accepted: 1, delivered: 1, pending: 0 });
  });

  it('decides by a project in the short form, and sends nothing without a collector', async () => {
    const project = { experiences: { 'homepage-hero': { 'version-b': 100 } } };
    const handle = withConvert(hero, create({ project, endpoints: undefined }));
    expect(await (await handle(visit())).text()).toBe('version-b');
    expect(handle.convert.stats().delivery).toMatchObject({ disabled: 'no-account', accepted: 0, posts: 0 });
    expect(logged).toEqual([expect.stringContaining('the project is in the short form')]);
  });

  it('sends what one request records in one POST', async () => {
    const handle = withConvert((_, convert) => {
      convert.runExperience('homepage-hero');
      convert.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 10 }] });
      return new Response('ok');
    }, create());
    await handle(visit());
    expect(collector.requests).toHaveLength(1);
    expect(collector.events.map(({ eventType }) => eventType)).toEqual([
      'bucketing',
      'conversion',
      'conversion',
    ]);
  });

  it('without waitUntil, waits until the events are sent, one second at most', async () => {
    const handle = withConvert(hero, create());
    await handle(visit());
    expect(collector.exposures()).toHaveLength(1);
    expect(logged).toEqual([]);

    collector.change({ behaviour: () => 'hang' });
    const late = await handle(visit());
    expect(await late.text()).toMatch(/^(original|version-b)$/);
    expect(logged).toEqual([expect.stringContaining('was not stored and sent within 1000 ms')]);
  });

  it('that never asks for the context costs nothing: no cookie, no event, the very same response', async () => {
    const response = new Response('plain');
    const handle = withConvert(() => response, create());
    const { promises, waitUntil } = host();
    expect(await handle(visit(), { waitUntil })).toBe(response);
    expect([...response.headers.keys()]).toEqual(['content-type']);
    expect(promises).toEqual([]);
    expect(handle.convert.stats().delivery.accepted).toBe(0);
  });

  it('that throws: the error is the app’s, and what was decided counts', async () => {
    const handle = withConvert((_, convert) => {
      convert.runExperience('homepage-hero');
      throw new Error('the app failed');
    }, create());
    await expect(handle(visit())).rejects.toThrow('the app failed');
    expect(collector.exposures()).toHaveLength(1);
  });

  it('counts what is decided while the body streams', async () => {
    const handle = withConvert((_, convert) => {
      void convert.visitorId;
      const body = new ReadableStream({
        async pull(controller) {
          await sleep(5);
          controller.enqueue(new TextEncoder().encode(convert.runExperience('homepage-hero')?.key));
          controller.close();
        },
      });
      return new Response(body);
    }, create());
    const { waitUntil, over } = host();
    const response = await handle(visit(), { waitUntil });
    expect(cookieOf(response)).toBeDefined();
    expect(await response.text()).toMatch(/^(original|version-b)$/);
    await over();
    expect(collector.exposures()).toHaveLength(1);
  });

  it('a `waitUntil` that throws is told of, and the response waits instead', async () => {
    const handle = withConvert(hero, create());
    const waitUntil = (): void => {
      throw new TypeError('Illegal invocation');
    };
    await handle(visit(), { waitUntil });
    expect(collector.exposures()).toHaveLength(1);
    expect(logged).toEqual([expect.stringContaining('`waitUntil` function threw')]);
  });
});

describe('the response', () => {
  const decided = (response: () => Response) =>
    withConvert((_, convert) => {
      convert.runExperience('homepage-hero');
      return response();
    }, create());

  it('is copied if its headers can not be changed; its body is left alone', async () => {
    const fetched = await fetch(collector.origin, { method: 'POST', body: '{}' });
    const handle = decided(() => fetched);
    const response = await handle(visit());
    expect(cookieOf(response)).toBeDefined();
    expect(await response.json()).toEqual({});

    const away = await decided(() => Response.redirect('https://shop.example/next', 302))(visit());
    expect([away.status, away.headers.get('location')]).toEqual([302, 'https://shop.example/next']);
    expect(cookieOf(away)).toBeDefined();
  });

  it('without a body, which an app may send many times, gives no visitor the cookie of another', async () => {
    const empty = new Response(null, { status: 204 });
    const handle = decided(() => empty);
    const [one, two] = [await handle(visit()), await handle(visit())];
    expect(cookieOf(one)).not.toBe(cookieOf(two));
    expect(empty.headers.getSetCookie()).toEqual([]);
  });

  it('keeps the cookies of the app', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    const response = await decided(() => new Response('ok', { headers }))(visit());
    expect(response.headers.getSetCookie().slice(0, 2)).toEqual(['a=1', 'b=2']);
    expect(cookieOf(response)).toBeDefined();
  });

  it.each([undefined, 'a text'])(
    'that is none (%s) is left to the host, and enrols no new visitor',
    async (given) => {
      expect(await decided(() => given as never)(visit())).toBe(given);
      expect(logged).toEqual([expect.stringContaining('no-identity')]);
      expect(collector.requests).toEqual([]);
    },
  );
});

describe('what the host says', () => {
  it('reaches the functions among the options', async () => {
    const seen: FetchRequest<string>[] = [];
    const convert = create({
      visitor: {
        id: (given: FetchRequest<string>) => {
          seen.push(given);
          return given.platform;
        },
      },
    });
    const handle = withConvert<string>((_, { visitorId }) => new Response(visitorId), convert);
    const request = visit();
    const response = await handle(request, { ip: '203.0.113.7', platform: 'user:42' });
    expect(await response.text()).toBe('user:42');
    expect(seen[0]).toMatchObject({ ip: '203.0.113.7', platform: 'user:42' });
    expect(seen[0]!.request).toBe(request);
  });

  it('is what rules read: URL, country, address', async () => {
    const handle = withConvert(
      (_, convert) => Response.json({ ...convert.locationProperties, ...convert.visitorProperties }),
      create({ geo: 'cloudflare' }),
    );
    const response = await handle(visit('/pricing?a=1', { 'cf-ipcountry': 'DE' }));
    expect(await response.json()).toMatchObject({
      url: 'https://shop.example/pricing?a=1',
      path: '/pricing',
      hostname: 'shop.example',
      protocol: 'https',
      country: 'DE',
    });
  });

  it('may be a path alone: Bun gives that if a request names no host', async () => {
    const handle = withConvert((_, convert) => {
      const variation = convert.runExperience('homepage-hero')?.key;
      const { path, query } = convert.locationProperties;
      return Response.json({ variation, path, query });
    }, create());
    const request = Object.defineProperty(visit(), 'url', { value: '/pricing?a=1' });
    expect(await (await handle(request)).json()).toEqual({
      variation: expect.stringMatching(/^(original|version-b)$/),
      path: '/pricing',
      query: 'a=1',
    });
  });

  it('may be what is no URL: the page still comes', async () => {
    const convert = create({ previewCookie: true, secrets: 'a secret of sixteen characters' });
    const request = Object.defineProperty(visit(), 'url', { value: 'http://[/' });
    const page = await withConvert(hero, convert)(request);
    expect(await page.text()).toMatch(/^(original|version-b)$/);
  });
});

describe('options', () => {
  it.each([
    [{ shutdown: 'signals' }, 'option `shutdown` is for Node'],
    [{ waitUntil: () => undefined }, 'option `waitUntil` is for Node'],
    [{ project: './project.json' }, 'option `project` is for Node'],
    [{ projectCache: '/var/cache' }, 'option `projectCache` is for Node'],
    [{ projectCache: { get() {} } }, 'option `projectCache` must be an object with get and put'],
    [{ delivery: { spool: '/var/spool' } }, 'option `delivery.spool` is for Node'],
    [{ as: 'convert-outlet' }, 'option `as` must be the name of a property'],
    [{ as: 'shop', responseCache: { cookie: 'key' } }, 'option `responseCache.cookie` is'],
    [{ nonsense: 1 }, 'unknown option `nonsense`'],
  ])('that are wrong here are an error at construction: %j', (wrong, message) => {
    expect(() => withConvert(hero, options(wrong as object))).toThrow(message);
  });

  it('are asked for in full: nothing comes from the environment', () => {
    expect(() => withConvert(hero, {})).toThrow('no project. Give one of: sdkKey');
  });

  it('give a Convert a name: the project is in the names of its cookies from the first request on', async () => {
    const response = await withConvert(hero, create({ as: 'convertOutlet' }))(visit());
    expect(['cv_vid', 'cv_2002_ses'].map((name) => cookieOf(response, name))).not.toContain(undefined);
    expect(cookieOf(response, 'cv_ses')).toBeUndefined();
  });

  it('secrets sign ids, assignments, links and carried texts, at once', async () => {
    const secrets = 'a secret of sixteen characters';
    const handle = withConvert(
      (_, convert) => Response.json([convert.runExperience('homepage-hero')?.key, convert.carry()]),
      options({ secrets, assignmentCookie: true, visitor: { cookie: { signed: true } } }),
    );
    closing(handle.convert);
    const first = await handle(visit());
    const [variation, carried] = (await first.json()) as [string, string];
    const cookies = ['cv_vid', 'cv_sig', 'cv_asg'].map((name) => cookieOf(first, name)!);
    expect(cookies).not.toContain(undefined);
    const next = await handle(visit('/', { cookie: cookies.join('; ') }));
    expect(cookieOf(next)).toBeUndefined();
    expect(((await next.json()) as string[])[0]).toBe(variation);
    const forged = await handle(visit('/', { cookie: `${cookies[0]!.slice(0, -1)}x; ${cookies[1]}` }));
    expect(cookieOf(forged)).toBeDefined();

    const visitor = await handle.convert.forVisitor(carried);
    expect(visitor.visitorId).toBe(cookies[0]!.slice('cv_vid='.length));
    const variations = { 'homepage-hero': 'version-b' };
    const link = handle.convert.previewLink('https://shop.example/', {
      variations,
      expires: Date.now() + 60_000,
    });
    const shown = await handle(new Request(link, { headers: visit().headers }));
    expect(((await shown.json()) as string[])[0]).toBe('version-b');
  });
});
