import { describe, expect, it, vi } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { ProjectRepository, type ProjectRepositoryOptions } from '../../src/project/repository.js';
import { objectSource } from '../../src/project/sources/given-source.js';
import type { ProjectSink, ProjectSource } from '../../src/project/types.js';
import { ConvertError } from '../../src/utils/errors.js';
import { later, project, recorder, versionOf } from './helpers.js';

/** A source that does what the test says, and a repository that writes down what it is told. */
function createRepository(options: Partial<ProjectRepositoryOptions<ProjectConfig>> = {}) {
  const told: string[] = [];
  const source = { description: 'the test', sink: undefined as ProjectSink | undefined, stops: 0 };
  const repository = new ProjectRepository(
    {
      description: source.description,
      start: (sink) => void (source.sink = sink),
      stop: () => void (source.stops += 1),
    },
    {
      load: (config) => config,
      onConfig: (config, first) =>
        void told.push(`config ${String(versionOf(config))}${first ? ' first' : ''}`),
      onError: (error, inARow) => void told.push(`error ${inARow} ${error.code}`),
      onRecovery: (failures) => void told.push(`recovered after ${failures}`),
      onOlder: (checkedAt, failures) => void told.push(`older ${checkedAt}, ${failures}`),
      onCacheFailure: ({ code }) => void told.push(code),
      onCacheRecovery: (what) => void told.push(what),
      ...options,
    },
  );
  later(() => repository.stop());
  repository.start();
  if (!source.sink) throw new Error('not started');
  return { repository, told, source, sink: source.sink };
}

const failure = () => new ConvertError('CONVERT_PROJECT_UNREACHABLE', 'it is down');

/** 'resolved', 'rejected' or 'waiting', once all that is due has happened. */
async function stateOf(promise: Promise<void>): Promise<string> {
  let state = 'waiting';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await new Promise((done) => setImmediate(done));
  return state;
}

describe('the config in force', () => {
  it('is the last one that was taken over', () => {
    const { repository, sink, told } = createRepository();
    expect(repository.current).toBeUndefined();
    sink.config(project('1'));
    sink.config(project('2'));
    expect(versionOf(repository.current)).toBe('2');
    expect(told).toEqual(['config 1 first', 'config 2']);
  });

  it('stays when the next one is refused by its taker', async () => {
    const { repository, sink, told } = createRepository({
      load(config) {
        if (versionOf(config) === 'bad') throw new Error('no such rule');
        return config;
      },
      onConfig() {},
    });
    const ready = repository.ready();
    sink.config(project('bad'));
    expect(repository.current).toBeUndefined();
    expect(await stateOf(ready)).toBe('waiting');
    sink.config(project('1'));
    expect(await stateOf(ready)).toBe('resolved');
    sink.config(project('bad'));
    expect(versionOf(repository.current)).toBe('1');
    expect(repository.stats().lastError).toContain('no such rule');
    // The source is content with what it has; we are not.
    sink.unchanged();
    expect(repository.stats()).toMatchObject({ failures: 1, changes: 0 });
    sink.config(project('2'));
    expect(repository.stats()).toMatchObject({ failures: 0, lastError: undefined, changes: 1, version: '2' });
    expect(told).toEqual([
      'error 1 CONVERT_BAD_PROJECT',
      'recovered after 1',
      'error 1 CONVERT_BAD_PROJECT',
      'recovered after 1',
    ]);
  });

  it('is validated and copied, whatever a source of the app delivers', () => {
    const { repository, sink, told } = createRepository();
    const mine = project('1');
    sink.config(mine);
    mine.account_id = '999';
    expect(repository.current?.account_id).toBe('100');
    sink.config({ error: 'no' } as unknown as ProjectConfig);
    expect(versionOf(repository.current)).toBe('1');
    expect(told).toEqual(['config 1 first', 'error 1 CONVERT_BAD_PROJECT']);
  });

  it('stays after stop, and nothing is taken over any more', () => {
    const { repository, sink, told, source } = createRepository();
    sink.config(project('1'));
    repository.stop();
    repository.stop();
    sink.config(project('2'));
    sink.error(failure());
    expect(versionOf(repository.current)).toBe('1');
    expect(told).toEqual(['config 1 first']);
    expect(source.stops).toBe(1);
  });
});

describe('a config that takes time to load', () => {
  /** Loads the configs whose version is in `slow` when the test says so. */
  function slowly(slow: readonly string[], options: Partial<ProjectRepositoryOptions<ProjectConfig>> = {}) {
    const finish = new Map<string, (error?: Error) => void>();
    const made = createRepository({
      ...options,
      load(config) {
        const version = String(versionOf(config));
        if (!slow.includes(version)) return config;
        return new Promise((resolve, reject) => {
          finish.set(version, (error) => (error === undefined ? resolve(config) : reject(error)));
        });
      },
    });
    const end = async (version: string, error?: Error) => {
      finish.get(version)!(error);
      await new Promise((done) => setImmediate(done));
    };
    return { ...made, end };
  }

  it('G5: is in force when it is loaded, and is waited for till then', async () => {
    const { repository, sink, told, end } = slowly(['1']);
    const ready = repository.ready();
    const first = repository.waitForFirst();
    expect(sink.config(project('1'))).toBe(true);
    sink.unchanged();
    expect(repository.current).toBeUndefined();
    expect([await stateOf(ready), await stateOf(first!)]).toEqual(['waiting', 'waiting']);
    await end('1');
    expect(versionOf(repository.current)).toBe('1');
    expect([await stateOf(ready), await stateOf(first!)]).toEqual(['resolved', 'resolved']);
    expect(told).toEqual(['config 1 first']);
  });

  it.each([0, 20])(
    'G5: is waited for once it has arrived, whatever readyTimeout is: %i',
    async (readyTimeout) => {
      const { repository, sink, end } = slowly(['1'], { readyTimeout });
      expect(repository.waitForFirst() === undefined).toBe(readyTimeout === 0);
      sink.config(project('1'));
      const first = repository.waitForFirst();
      await new Promise((done) => setTimeout(done, 60));
      expect(await stateOf(first!)).toBe('waiting');
      expect(repository.waitForFirst()).toBe(first);
      await end('1');
      expect(await stateOf(first!)).toBe('resolved');
      expect(repository.waitForFirst()).toBeUndefined();
    },
  );

  it.each([0, 20])('G5: no time for it runs while code is loaded that it needs: %i', async (readyTimeout) => {
    const { repository } = slowly([], { readyTimeout });
    let isLoaded = (): void => undefined;
    repository.waitForCode(new Promise<void>((resolve) => (isLoaded = resolve)));
    const first = repository.waitForFirst();
    await new Promise((done) => setTimeout(done, 60));
    expect(await stateOf(first!)).toBe('waiting');
    isLoaded();
    await first;
    expect(repository.current).toBeUndefined();
    expect(repository.waitForFirst()).toBeUndefined();
  });

  it('G5: is not waited for if it came too late, nor for ever, nor once it is refused', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    later(() => vi.useRealTimers());
    const late = slowly(['1']);
    const first = late.repository.waitForFirst();
    vi.advanceTimersByTime(250);
    expect(await stateOf(first!)).toBe('resolved');
    late.sink.config(project('1'));
    expect(late.repository.waitForFirst()).toBeUndefined();

    const hanging = slowly(['1']);
    hanging.sink.config(project('1'));
    const bounded = hanging.repository.waitForFirst();
    vi.advanceTimersByTime(9_999);
    expect(await stateOf(bounded!)).toBe('waiting');
    vi.advanceTimersByTime(1);
    expect(await stateOf(bounded!)).toBe('resolved');

    const refused = slowly(['1']);
    refused.sink.config(project('1'));
    const ended = refused.repository.waitForFirst();
    await refused.end('1', new Error('not there'));
    expect(await stateOf(ended!)).toBe('resolved');
    expect(refused.repository.waitForFirst()).toBeUndefined();
  });

  it('G5: neither overtakes another config, nor is overtaken', async () => {
    const { repository, sink, told, end } = slowly(['2', '3']);
    for (const version of ['1', '2', '3', '4']) sink.config(project(version));
    sink.error(failure());
    sink.unchanged();
    expect(told).toEqual(['config 1 first']);
    await end('3');
    expect(told).toEqual(['config 1 first']);
    await end('2');
    expect(told.slice(1)).toEqual([
      'config 2',
      'config 3',
      'config 4',
      'error 1 CONVERT_PROJECT_UNREACHABLE',
      'recovered after 1',
    ]);
    sink.config(project('5'));
    expect(versionOf(repository.current)).toBe('5');
  });

  it('G5: leaves the one before in force if it can not be loaded', async () => {
    const { repository, sink, told, end } = slowly(['2']);
    sink.config(project('1'));
    sink.config(project('2'));
    await end('2', new ConvertError('CONVERT_NOT_LOADED', 're2js is missing'));
    expect(versionOf(repository.current)).toBe('1');
    expect(repository.stats()).toMatchObject({ failures: 1, lastError: 'convert: re2js is missing' });
    expect(told).toEqual(['config 1 first', 'error 1 CONVERT_NOT_LOADED']);
    // The source is content with what it has; we are not.
    sink.unchanged();
    expect(repository.stats().failures).toBe(1);
  });

  it('G5: is not taken over after stop', async () => {
    const { repository, sink, told, end } = slowly(['1']);
    sink.config(project('1'));
    repository.stop();
    await end('1');
    expect(repository.current).toBeUndefined();
    expect(told).toEqual([]);
  });
});

describe('failures', () => {
  it('are told one by one with their number, and so is the recovery', () => {
    const { repository, sink, told } = createRepository();
    sink.error(failure());
    sink.error(failure());
    expect(repository.stats()).toMatchObject({
      failures: 2,
      lastError: 'convert: it is down',
      loadedAt: undefined,
    });
    sink.config(project('1'));
    sink.error(failure());
    sink.unchanged();
    sink.unchanged();
    expect(told).toEqual([
      'error 1 CONVERT_PROJECT_UNREACHABLE',
      'error 2 CONVERT_PROJECT_UNREACHABLE',
      'config 1 first',
      'recovered after 2',
      'error 1 CONVERT_PROJECT_UNREACHABLE',
      'recovered after 1',
    ]);
  });

  it('of listeners and sources harm nobody', () => {
    const thrower = () => {
      throw new Error('bug of the app');
    };
    const { repository, sink } = createRepository({ onError: thrower, onRecovery: thrower });
    sink.error(failure());
    sink.config(project('1'));
    expect(versionOf(repository.current)).toBe('1');

    const told: string[] = [];
    const broken = new ProjectRepository(
      { description: 'broken', start: thrower, stop: thrower },
      { load: (config) => config, onError: (error) => void told.push(error.message) },
    );
    broken.start();
    broken.stop();
    expect(told).toEqual(['convert: broken cannot start: bug of the app']);
  });
});

describe('stats', () => {
  it('tell the source, the version, and when it was loaded and checked', () => {
    const { repository, sink } = createRepository();
    expect(repository.stats()).toEqual({
      source: 'the test',
      loadedAt: undefined,
      fromCache: false,
      checkedAt: undefined,
      changes: 0,
      failures: 0,
      lastError: undefined,
      version: undefined,
    });
    vi.useFakeTimers({ now: 1_000 });
    later(() => vi.useRealTimers());
    sink.config(project('7'));
    vi.setSystemTime(2_000);
    sink.unchanged();
    expect(repository.stats()).toMatchObject({ loadedAt: 1_000, checkedAt: 2_000, version: '7', changes: 0 });
  });
});

describe('a config from a cache', () => {
  const CACHED = { checkedAt: 1_000 };

  it('is in force, ends no outage, and is told once', async () => {
    const { repository, sink, told } = createRepository();
    sink.error(failure());
    expect(sink.config(project('1'), CACHED)).toBe(true);
    await repository.ready();
    expect(versionOf(repository.current)).toBe('1');
    expect(repository.stats()).toMatchObject({ failures: 1, checkedAt: 1_000, fromCache: true });
    sink.config(project('2'), CACHED);
    sink.unchanged();
    expect(repository.stats()).toMatchObject({ failures: 0, fromCache: false });
    expect(repository.stats().checkedAt).toBeGreaterThan(2_000);
    expect(told).toEqual([
      'error 1 CONVERT_PROJECT_UNREACHABLE',
      'config 1 first',
      'older 1000, 1',
      'config 2',
      'recovered after 1',
    ]);
  });

  it('is told to have been refused, and a failing cache is no failure of the source', () => {
    const { repository, sink, told } = createRepository({
      load() {
        throw new Error('unfit');
      },
    });
    expect(sink.config(project('1'), CACHED)).toBe(false);
    const { failures } = repository.stats();
    sink.cacheFailed(new ConvertError('CONVERT_PROJECT_CACHE', 'it fails'));
    sink.recovered('it works again');
    expect(repository.stats().failures).toBe(failures);
    repository.stop();
    sink.cacheFailed(new ConvertError('CONVERT_PROJECT_CACHE', 'it fails'));
    sink.recovered('it works again');
    expect(sink.config(project('1'))).toBe(false);
    expect(told.slice(1)).toEqual(['CONVERT_PROJECT_CACHE', 'it works again']);
  });
});

describe('ready', () => {
  it('waits for the first config and no longer', async () => {
    const { repository, sink } = createRepository();
    const ready = repository.ready();
    sink.error(failure());
    expect(await stateOf(ready)).toBe('waiting');
    sink.config(project());
    await expect(ready).resolves.toBeUndefined();
    await expect(repository.ready()).resolves.toBeUndefined();
  });

  it('rejects when it is stopped before, also when asked afterwards', async () => {
    const { repository } = createRepository();
    const ready = repository.ready();
    repository.stop();
    await expect(ready).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
    await expect(repository.ready()).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
    const { repository: neverAsked } = createRepository();
    neverAsked.stop();
    await expect(neverAsked.ready()).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
  });

  it('does no harm when nobody looks at the rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    later(() => process.off('unhandledRejection', listener));
    const { repository } = createRepository();
    void repository.ready();
    repository.stop();
    void repository.ready();
    await new Promise((done) => setTimeout(done, 10));
    expect(unhandled).toEqual([]);
  });

  it('still resolves after stop where a config had arrived', async () => {
    const { repository, sink } = createRepository();
    sink.config(project());
    repository.stop();
    await expect(repository.ready()).resolves.toBeUndefined();
  });

  it('E4: holds the process while it waits, for a bounded time', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { repository, sink } = createRepository();
    const before = timers();
    void repository.ready();
    void repository.ready();
    expect(timers()).toBe(before + 1);
    sink.config(project());
    expect(timers()).toBe(before);
    const { repository: stopped } = createRepository();
    void stopped.ready();
    stopped.stop();
    expect(timers()).toBe(before);
  });
});

describe('waitForFirst', () => {
  it('is one promise for all, which ends with the first config', async () => {
    const { repository, sink } = createRepository({ readyTimeout: 60_000 });
    const first = repository.waitForFirst();
    expect(first).toBeInstanceOf(Promise);
    expect(repository.waitForFirst()).toBe(first);
    expect(await stateOf(first as Promise<void>)).toBe('waiting');
    sink.config(project());
    await first;
    expect(repository.waitForFirst()).toBeUndefined();
  });

  it('ends after the time counted from the first request, and later requests do not wait', async () => {
    vi.useFakeTimers();
    later(() => vi.useRealTimers());
    const { repository } = createRepository();
    // No request yet: no time runs.
    vi.advanceTimersByTime(10_000);
    const first = repository.waitForFirst();
    expect(first).toBeInstanceOf(Promise);
    vi.advanceTimersByTime(200);
    expect(repository.waitForFirst()).toBe(first);
    vi.advanceTimersByTime(49);
    expect(repository.waitForFirst()).toBe(first);
    vi.advanceTimersByTime(1);
    await first;
    expect(repository.waitForFirst()).toBeUndefined();
  });

  it('is not waited for where readyTimeout is 0, and not after stop', async () => {
    expect(createRepository({ readyTimeout: 0 }).repository.waitForFirst()).toBeUndefined();
    const { repository } = createRepository({ readyTimeout: 60_000 });
    const first = repository.waitForFirst();
    repository.stop();
    await first;
    expect(repository.waitForFirst()).toBeUndefined();
  });
});

describe('a config object', () => {
  it('is in force as soon as the repository is started', () => {
    const told: string[] = [];
    const repository = new ProjectRepository(objectSource(project('1')), {
      load: (config) => config,
      onConfig: (config, first) => void told.push(`${String(versionOf(config))} ${first}`),
    });
    expect(repository.current).toBeUndefined();
    repository.start();
    expect(repository.current).toEqual(project('1'));
    expect(repository.waitForFirst()).toBeUndefined();
    expect(told).toEqual(['1 true']);
  });

  it('is validated when it is given, and copied', () => {
    expect(() => objectSource({ account_id: 'x' })).toThrow(
      expect.objectContaining({ code: 'CONVERT_BAD_PROJECT' }) as Error,
    );
    const mine = project('1');
    const source: ProjectSource = objectSource(mine);
    mine.project.id = '999';
    const sink = recorder();
    source.start(sink);
    expect(sink.configs).toEqual([project('1')]);
  });
});
