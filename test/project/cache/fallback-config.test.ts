/** What a source does with a cache beside its endpoint: real servers, real folders. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, type TestContext } from 'vitest';
import { folderCache } from '../../../src/project/cache/folder-cache.js';
import type { CachedProject, ProjectCache } from '../../../src/project/cache/types.js';
import { digestOf } from '../../../src/project/sources/digest.js';
import { httpSource, type HttpSourceOptions } from '../../../src/project/sources/http-source.js';
import { mounted } from '../../support/disk.js';
import { removeFolder, temporaryFolder } from '../../support/folder.js';
import { text } from './cache.conformance.js';
import {
  httpServer,
  later,
  project,
  recorder,
  says,
  saysProject,
  started,
  until,
  versionOf,
} from '../helpers.js';

const quick = { sdkKey: '100/200', refreshInterval: 20, timeout: 5_000, backoff: { min: 10, max: 20 } };
/** An hour: nothing but the first attempt. */
const once = { refreshInterval: 3_600_000, backoff: { min: 3.6e6, max: 3.6e6 }, random: () => 0.9 };
const NEVER = { patience: 3_600_000 };
const NO_ENDPOINT = 'http://127.0.0.1:1/';

let path: string;
beforeEach(() => {
  path = temporaryFolder('cached');
});

function fetching(endpoint: string, options: Partial<HttpSourceOptions> = {}) {
  return started(httpSource({ ...quick, endpoint, cache: folderCache(path), ...options }));
}

const kept = async () => {
  const names = await readdir(join(path, 'project-cache')).catch(() => []);
  return names.filter((name) => name.endsWith('.json'));
};

/** Has a process of before fetch this version from the same address. */
async function remember(
  base: string,
  version = '1',
  options: Partial<HttpSourceOptions> = {},
): Promise<void> {
  const before = (await kept()).length;
  const source = httpSource({ ...quick, ...once, endpoint: base, cache: folderCache(path), ...options });
  const sink = recorder();
  source.start(sink);
  await until(() => expect(sink.configs.map(versionOf)).toEqual([version]));
  await expect.poll(kept).toHaveLength(before + 1);
  source.stop();
}

describe('a kept config of another project', () => {
  const of = (account: string) => JSON.stringify({ ...project(), account_id: account });
  const cacheOf = (body: string, wait?: Promise<void>): ProjectCache => ({
    async read() {
      await wait;
      return { body, digest: digestOf(body), checkedAt: Date.now() };
    },
    async write() {},
  });

  it('D8: is not used if the key is two numbers', async () => {
    const sink = fetching(NO_ENDPOINT, { cache: cacheOf(of('6666')) });
    await until(() => expect(sink.cacheFailures).toHaveLength(1));
    expect(sink.cacheFailures[0]).toContain('is the config of project 6666/200, not of 100/200');
    expect(sink.configs).toEqual([]);
  });

  it('D8: pins the source if the key has another form, even if the endpoint answers first', async () => {
    let found: (() => void) | undefined;
    const wait = new Promise<void>((resolve) => (found = resolve));
    const server = await httpServer(says(of('6666')));
    const options = { sdkKey: 'shop_1', cache: cacheOf(of('100'), wait), cacheTimes: NEVER };
    const sink = fetching(server.base, options);
    await until(() => expect(server.requests).toHaveLength(1));
    found!();
    await until(() => expect(sink.errors.length).toBeGreaterThan(1));
    expect(sink.errors[0]!.message).toContain('6666/200, not of 100/200');
    expect(sink.configs.map(({ account_id: account }) => account)).toEqual(['100']);
  });

  it('D8: does not hold up the endpoint if the cache is slow', async () => {
    const server = await httpServer(says(of('100')));
    const cache = cacheOf(of('6666'), new Promise(() => {}));
    const sink = fetching(server.base, { sdkKey: 'shop_1', cache, cacheTimes: { patience: 20 } });
    await until(() => expect(sink.configs).toHaveLength(1));
  });

  it('D9: is measured before it is parsed, in a folder and in Redis alike', async () => {
    const deep = of('100').replace('{', `{"x":${'['.repeat(65)}${']'.repeat(65)},`);
    const sink = fetching(NO_ENDPOINT, { cache: cacheOf(deep) });
    await until(() => expect(sink.cacheFailures).toHaveLength(1));
    expect(sink.cacheFailures[0]).toContain('nested more than 64 levels deep');
  });

  it('D9: may be as large as the option says', async () => {
    const large = of('100').replace('{', `{"x":"${'x'.repeat(6 * 1024 * 1024)}",`);
    await folderCache(path).write('k', { body: large, digest: digestOf(large), checkedAt: Date.now() });
    await expect(folderCache(path).read('k')).rejects.toThrow('more than');
    expect((await folderCache(path).read('k', 8 * 1024 * 1024))?.body).toHaveLength(large.length);
  });
});

describe('at the start, a config of before', () => {
  it.each([
    ['answers 500', says('', {}, 500)],
    ['answers HTML', says('<html>')],
    ['answers nothing', says('')],
    ['answers half of it', says(JSON.stringify(project('2')).slice(0, 50))],
    ['answers an error', says('{"error":"none"}')],
    ['answers 304 to who has nothing', says('', {}, 304)],
  ])('is used where the endpoint %s', async (_name, answer) => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base);
    server.answer = answer;
    const sink = fetching(server.base, { cacheTimes: NEVER });
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1']));
    expect(Math.abs(sink.cached[0]!.checkedAt - Date.now())).toBeLessThan(60_000);
    await until(() => expect(sink.errors.length).toBeGreaterThan(2));
    server.answer = saysProject('2');
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
    expect(sink.cached[1]).toBeUndefined();
    expect(sink.cacheFailures).toEqual([]);
  });

  it('is used where nothing listens', async () => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base);
    await server.close();
    const sink = fetching(server.base, { cacheTimes: NEVER });
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1']));
    expect(sink.errors[0]?.code).toBe('CONVERT_PROJECT_UNREACHABLE');
  });

  it('is used where the endpoint takes its time, until it has answered', async () => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base);
    let answer = (): void => undefined;
    server.answer = (request, response) => (answer = () => void saysProject('2')(request, response));
    const sink = fetching(server.base, { cacheTimes: { patience: 1 } });
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1']));
    expect(sink.errors).toEqual([]);
    await until(() => expect(server.requests).toHaveLength(2));
    answer();
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
  });

  it('is not used where the endpoint answers, and not later either', async () => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base);
    server.answer = saysProject('2');
    const sink = fetching(server.base, { cacheTimes: NEVER });
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['2']));
    server.answer = says('', {}, 500);
    await until(() => expect(sink.errors.length).toBeGreaterThan(2));
    expect(sink.configs.map(versionOf)).toEqual(['2']);
  });

  it('is not used later either where a clock was set back, and it seems to be newer', async () => {
    const server = await httpServer(saysProject('2'));
    const future = { ...text('1'), checkedAt: Date.now() + 3_600_000 };
    const cache: ProjectCache = { read: async () => future, write: async () => undefined };
    const sink = fetching(server.base, { cache, cacheTimes: NEVER });
    await until(() => expect(sink.configs).toHaveLength(1));
    server.answer = says('', {}, 500);
    await until(() => expect(sink.errors.length).toBeGreaterThan(2));
    expect(sink.configs.map(versionOf)).toEqual(['2']);
  });

  it('that is read late does not take the place of one that was fetched', async () => {
    const server = await httpServer(saysProject('2'));
    let read = (_kept: CachedProject): void => undefined;
    const cache: ProjectCache = {
      read: () => new Promise((resolve) => (read = resolve)),
      write: async () => undefined,
    };
    const sink = fetching(server.base, { cache, cacheTimes: { patience: 1 } });
    await until(() => expect(sink.configs).toHaveLength(1));
    read(text('1'));
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(2));
    expect(sink.configs.map(versionOf)).toEqual(['2']);
  });

  it('is asked for with its ETag, and may be confirmed', async () => {
    const server = await httpServer(saysProject('1', { ETag: '"v1"' }));
    await remember(server.base);
    server.answer = (request, response) => {
      response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 500).end();
    };
    const sink = fetching(server.base);
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(2));
    expect(sink.configs.map(versionOf)).toEqual(['1']);
  });

  it('is confirmed on disk, too', async () => {
    const server = await httpServer(saysProject('1', { ETag: '"v1"' }));
    await remember(server.base);
    server.answer = says('', {}, 500);
    const sink = fetching(server.base);
    await until(() => expect(sink.configs).toHaveLength(1));
    await removeFolder(path);
    server.answer = says('', {}, 304);
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(0));
    await expect.poll(kept).toHaveLength(1);
    server.answer = says('', {}, 500);
    const next = fetching(server.base);
    await until(() => expect(next.configs.map(versionOf)).toEqual(['1']));
  });
});

describe('what is kept', () => {
  it('is the last good config, never an answer that could not be used', async () => {
    const server = await httpServer(saysProject('1'));
    const sink = fetching(server.base);
    await until(() => expect(sink.configs).toHaveLength(1));
    server.answer = saysProject('2');
    await until(() => expect(sink.configs).toHaveLength(2));
    for (const answer of [says('<html>'), says('{"account_id":"1"}'), says('', {}, 404)]) {
      const before = sink.errors.length;
      server.answer = answer;
      await until(() => expect(sink.errors.length).toBeGreaterThan(before + 1));
    }
    const next = fetching(server.base);
    await until(() => expect(next.configs.map(versionOf)).toEqual(['2']));
  });

  it('is no config that was not taken over', async () => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base);
    server.answer = saysProject('unfit');
    const source = httpSource({ ...quick, ...once, endpoint: server.base, cache: folderCache(path) });
    later(() => source.stop());
    const sink = recorder();
    source.start({
      ...sink,
      config: (config, from) => sink.config(config, from) && versionOf(config) !== 'unfit',
    });
    // Better than none: the one of before.
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['unfit', '1']));
    server.answer = says('', {}, 500);
    const next = fetching(server.base);
    await until(() => expect(next.configs.map(versionOf)).toEqual(['1']));
  });

  it('is for the same address, environment and secret', async () => {
    const server = await httpServer(saysProject('1'));
    const secret = { sdkKeySecret: 'hush-hush' };
    await remember(server.base, '1', { ...secret, environment: 'live' });
    server.answer = says('', {}, 500);
    const others = [
      {},
      { environment: 'live' },
      { ...secret },
      { ...secret, environment: 'staging' },
      { sdkKeySecret: 'another', environment: 'live' },
      { ...secret, environment: 'live', sdkKey: '100/201' },
      { ...secret, environment: 'live', endpoint: server.base.replace('127.0.0.1', 'localhost') },
    ];
    const sinks = others.map((options) => fetching(server.base, options));
    const same = fetching(server.base, { ...secret, environment: 'live' });
    await until(() => expect(same.configs).toHaveLength(1));
    await until(() => expect(sinks.every((sink) => sink.errors.length > 2)).toBe(true));
    expect(sinks.flatMap((sink) => sink.configs)).toEqual([]);
  });

  it('does not show the secret', async () => {
    const server = await httpServer(saysProject('1'));
    await remember(server.base, '1', { sdkKeySecret: 'hush-hush' });
    const [name] = await kept();
    expect(name).toMatch(/^100-200-[0-9a-f]{32}\.json$/);
    expect(await readFile(join(path, 'project-cache', name!), 'utf8')).not.toContain('hush');
  });
});

describe('a cache that fails costs nothing but itself', () => {
  const places: Record<string, [make: (context: TestContext) => Promise<string>, code: string]> = {
    'on a disk that is read-only': [(context) => mounted('ro', context), 'EROFS'],
    'on a disk that is full': [
      async (context) => {
        const place = await mounted('size=64k', context);
        await writeFile(join(place, 'full'), Buffer.alloc(64 * 1024)).catch(() => undefined);
        return place;
      },
      'ENOSPC',
    ],
    'below a file': [
      async () => {
        await writeFile(join(path, 'file'), '');
        return join(path, 'file', 'cache');
      },
      'ENOTDIR',
    ],
  };
  it.for(Object.entries(places))('%s', async ([, [make, code]], context) => {
    const server = await httpServer(saysProject('1'));
    const sink = fetching(server.base, { cache: folderCache(await make(context)) });
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(3));
    server.answer = saysProject('2');
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['1', '2']));
    expect(sink.cacheFailures).toEqual([
      expect.stringContaining(`fails (${code}); the config is fetched without it`),
    ]);
    expect(sink.errors).toEqual([]);
  });

  it('and it is told when it works again', async () => {
    const server = await httpServer(saysProject('1'));
    await writeFile(join(path, 'cache'), '');
    const cache = folderCache(join(path, 'cache'));
    const sink = fetching(server.base, { cache });
    await until(() => expect(sink.cacheFailures).toHaveLength(1));
    await rm(join(path, 'cache'));
    await until(() =>
      expect(sink.recoveries).toEqual([`the project cache (${cache.description}) works again`]),
    );
    server.answer = says('', {}, 500);
    const next = fetching(server.base, { cache });
    await until(() => expect(next.configs).toHaveLength(1));
    expect(sink.cacheFailures).toHaveLength(1);
  });

  const contents: Record<string, [change: (kept: CachedProject) => unknown, says: string]> = {
    'is damaged': [
      (kept) => ({ ...kept, body: kept.body.replace('hero', 'hera') }),
      'holds a damaged config',
    ],
    'has no text': [(kept) => ({ ...kept, body: undefined }), 'holds no text of a config'],
    'is no config': [
      () => ({ body: '[]', digest: digestOf('[]'), checkedAt: 0 }),
      'is not a Convert project config',
    ],
    'is no JSON': [
      () => ({ body: '<p>', digest: digestOf('<p>'), checkedAt: 0 }),
      'is not JSON: it looks like HTML',
    ],
    'has no time': [(kept) => ({ ...kept, checkedAt: 'noon' }), 'holds something else than a config'],
    'is a text': [() => 'config', 'holds something else than a config'],
    'is too long': [
      () => ({ body: 'x'.repeat(5_000), digest: digestOf('x'.repeat(5_000)), checkedAt: 0 }),
      'holds more than 4000 bytes',
    ],
  };
  it.each(Object.entries(contents))('where what it has %s', async (_name, [change, message]) => {
    const server = await httpServer(says('', {}, 500));
    const cache = {
      description: 'mine',
      read: async () => change(text('1')) as CachedProject,
      write: async () => undefined,
    };
    const sink = fetching(server.base, { cache, maxBytes: 4_000 });
    await until(() => expect(sink.errors.length).toBeGreaterThan(2));
    expect(sink.configs).toEqual([]);
    expect(sink.cacheFailures).toEqual([expect.stringContaining(message)]);
    expect(sink.cacheFailures[0]).toContain('the project cache (mine)');
    server.answer = saysProject('2');
    await until(() => expect(sink.configs).toHaveLength(1));
  });

  it.each<[string, ProjectCache]>([
    [
      'throws at once',
      {
        read() {
          throw new TypeError('quotes a password');
        },
        write() {
          throw new TypeError('quotes a password');
        },
      },
    ],
    [
      'rejects with nothing',
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      { read: () => Promise.reject(), write: () => Promise.reject() },
    ],
  ])('where one of the app %s', async (_name, cache) => {
    const server = await httpServer(saysProject('1'));
    const sink = fetching(server.base, { cache });
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(2));
    expect(sink.cacheFailures).toHaveLength(1);
    expect(sink.cacheFailures[0]).not.toContain('password');
  });

  it('where it hangs: it is not asked ever again meanwhile', async () => {
    const server = await httpServer(saysProject('1'));
    let calls = 0;
    let resolve = (_value: undefined): void => undefined;
    const hang = () => {
      calls += 1;
      return new Promise<undefined>((done) => (resolve = done));
    };
    const cache = { read: hang, write: hang };
    const sink = fetching(server.base, { cache, cacheTimes: { limit: 20 } });
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(3));
    expect(calls).toBe(1);
    expect(sink.cacheFailures).toEqual([expect.stringContaining('fails (no answer within 20 ms)')]);
    resolve(undefined);
    await until(() => expect(calls).toBeGreaterThan(1));
  });
});

describe('a cache that processes share', () => {
  /** In memory. */
  function sharedCache(first?: CachedProject) {
    const state = { kept: first, writes: 0 };
    const cache: ProjectCache = {
      read: async () => state.kept,
      async write(_key, kept) {
        state.kept = kept;
        state.writes += 1;
      },
    };
    return { cache, state };
  }

  it('that has nothing usable does not keep anybody from fetching', async () => {
    const { cache, state } = sharedCache({
      body: '[]',
      digest: digestOf('[]'),
      checkedAt: Date.now(),
    });
    let answer = (): void => undefined;
    const server = await httpServer((request, response) => {
      answer = () => void saysProject('2')(request, response);
    });
    const sink = fetching(server.base, { ...once, cache, cacheTimes: { patience: 1 } });
    await until(() => expect([server.requests.length, sink.cacheFailures.length]).toEqual([1, 1]));
    answer();
    await until(() => expect(sink.configs.map(versionOf)).toEqual(['2']));
    await until(() => expect(state.kept?.digest).toBe(text('2').digest));
    expect(sink.cacheFailures).toEqual([expect.stringContaining('is not a Convert project config')]);
  });

  it('is read once, at the start, and written after each fetch', async () => {
    const server = await httpServer(saysProject('1'));
    const calls: string[] = [];
    const cache: ProjectCache = {
      read: async () => void calls.push('read'),
      write: async () => void calls.push('write'),
    };
    const sink = fetching(server.base, { cache });
    await until(() => expect(sink.unchangedCount).toBeGreaterThan(2));
    expect(calls.slice(0, 3)).toEqual(['read', 'write', 'write']);
    expect(calls.lastIndexOf('read')).toBe(0);
  });

  it('that lost what was written last gets that again, not its own text under a newer ETag', async () => {
    const server = await httpServer((request, response) => {
      if (request.headers['if-none-match'] === '"2"') response.writeHead(304).end();
      else saysProject('2', { ETag: '"2"' })(request, response);
    });
    const { cache, state } = sharedCache();
    const sink = fetching(server.base, { cache, cacheTimes: NEVER });
    await until(() => expect(state.writes).toBeGreaterThan(0));
    const before = state.writes;
    state.kept = { ...text('1', '"1"'), checkedAt: Date.now() - 3_600_000 };
    await until(() => expect(state.writes).toBeGreaterThan(before));
    expect(state.kept).toMatchObject({ digest: text('2').digest, etag: '"2"' });
    expect(sink.configs.map(versionOf)).toEqual(['2']);
  });
});

describe('stop', () => {
  it('ends it: what is read or fetched then changes nothing', async () => {
    const server = await httpServer(() => undefined);
    const calls: string[] = [];
    let read = (_kept: CachedProject): void => undefined;
    const cache: ProjectCache = {
      read: () => new Promise((resolve) => (read = resolve)),
      write: async () => void calls.push('write'),
    };
    const source = httpSource({ ...quick, endpoint: server.base, cache, cacheTimes: { patience: 1 } });
    const sink = recorder();
    source.start(sink);
    await until(() => expect(server.requests).toHaveLength(1));
    source.stop();
    read(text('1'));
    const other = fetching(NO_ENDPOINT);
    await until(() => expect(other.errors.length).toBeGreaterThan(3));
    expect([sink.configs, sink.errors, sink.cacheFailures, calls]).toEqual([[], [], [], []]);
  });
});
