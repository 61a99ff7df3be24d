import { describe, expect, it, vi } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { ProjectRepository, type ProjectRepositoryOptions } from '../../src/project/repository.js';
import { objectSource } from '../../src/project/sources/resolve-source.js';
import type { ProjectSink, ProjectSource } from '../../src/project/types.js';
import { ConvertError } from '../../src/utils/errors.js';
import { later, project, recorder, versionOf } from './helpers.js';

/** A source that does what the test says, and a keeper that writes down what it is told. */
function keeping(options: Partial<ProjectRepositoryOptions<ProjectConfig>> = {}) {
  const told: string[] = [];
  const source = { description: 'the test', sink: undefined as ProjectSink | undefined, stops: 0 };
  const keeper = new ProjectRepository(
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
      onCacheTrouble: ({ code }) => void told.push(code),
      onCacheRecovery: (what) => void told.push(what),
      ...options,
    },
  );
  later(() => keeper.stop());
  keeper.start();
  if (!source.sink) throw new Error('not started');
  return { keeper, told, source, sink: source.sink };
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
    const { keeper, sink, told } = keeping();
    expect(keeper.current).toBeUndefined();
    sink.config(project('1'));
    sink.config(project('2'));
    expect(versionOf(keeper.current)).toBe('2');
    expect(told).toEqual(['config 1 first', 'config 2']);
  });

  it('stays when the next one is refused by its taker', async () => {
    const { keeper, sink, told } = keeping({
      load(config) {
        if (versionOf(config) === 'bad') throw new Error('no such rule');
        return config;
      },
      onConfig() {},
    });
    const ready = keeper.ready();
    sink.config(project('bad'));
    expect(keeper.current).toBeUndefined();
    expect(await stateOf(ready)).toBe('waiting');
    sink.config(project('1'));
    expect(await stateOf(ready)).toBe('resolved');
    sink.config(project('bad'));
    expect(versionOf(keeper.current)).toBe('1');
    expect(keeper.stats().lastError).toContain('no such rule');
    // The source is content with what it has; we are not.
    sink.unchanged();
    expect(keeper.stats()).toMatchObject({ failures: 1, changes: 0 });
    sink.config(project('2'));
    expect(keeper.stats()).toMatchObject({ failures: 0, lastError: undefined, changes: 1, version: '2' });
    expect(told).toEqual([
      'error 1 CONVERT_BAD_PROJECT',
      'recovered after 1',
      'error 1 CONVERT_BAD_PROJECT',
      'recovered after 1',
    ]);
  });

  it('is validated and copied, whatever a source of the app delivers', () => {
    const { keeper, sink, told } = keeping();
    const mine = project('1');
    sink.config(mine);
    mine.account_id = '999';
    expect(keeper.current?.account_id).toBe('100');
    sink.config({ error: 'no' } as unknown as ProjectConfig);
    expect(versionOf(keeper.current)).toBe('1');
    expect(told).toEqual(['config 1 first', 'error 1 CONVERT_BAD_PROJECT']);
  });

  it('stays after stop, and nothing is taken over any more', () => {
    const { keeper, sink, told, source } = keeping();
    sink.config(project('1'));
    keeper.stop();
    keeper.stop();
    sink.config(project('2'));
    sink.error(failure());
    expect(versionOf(keeper.current)).toBe('1');
    expect(told).toEqual(['config 1 first']);
    expect(source.stops).toBe(1);
  });
});

describe('failures', () => {
  it('are told one by one with their number, and so is the recovery', () => {
    const { keeper, sink, told } = keeping();
    sink.error(failure());
    sink.error(failure());
    expect(keeper.stats()).toMatchObject({
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
    const { keeper, sink } = keeping({ onError: thrower, onRecovery: thrower });
    sink.error(failure());
    sink.config(project('1'));
    expect(versionOf(keeper.current)).toBe('1');

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
    const { keeper, sink } = keeping();
    expect(keeper.stats()).toEqual({
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
    expect(keeper.stats()).toMatchObject({ loadedAt: 1_000, checkedAt: 2_000, version: '7', changes: 0 });
  });
});

describe('a config from a cache', () => {
  const FRESH = { checkedAt: 2_000, isStale: false };
  const STALE = { checkedAt: 1_000, isStale: true };

  it('that is stale is in force, ends no outage, and is told once', async () => {
    const { keeper, sink, told } = keeping();
    sink.error(failure());
    expect(sink.config(project('1'), STALE)).toBe(true);
    await keeper.ready();
    sink.unchanged(STALE);
    expect(versionOf(keeper.current)).toBe('1');
    expect(keeper.stats()).toMatchObject({ failures: 1, checkedAt: 1_000, fromCache: true });
    sink.config(project('2'), STALE);
    sink.unchanged();
    expect(keeper.stats()).toMatchObject({ failures: 0, fromCache: false });
    expect(keeper.stats().checkedAt).toBeGreaterThan(2_000);
    expect(told).toEqual([
      'error 1 CONVERT_PROJECT_UNREACHABLE',
      'config 1 first',
      'older 1000, 1',
      'config 2',
      'recovered after 1',
    ]);
  });

  it('that is fresh is as good as another', () => {
    const { keeper, sink, told } = keeping();
    sink.error(failure());
    sink.config(project('1'), FRESH);
    expect(keeper.stats()).toMatchObject({ failures: 0, checkedAt: 2_000, fromCache: true });
    sink.unchanged({ ...FRESH, checkedAt: 3_000 });
    expect(keeper.stats()).toMatchObject({ checkedAt: 3_000, fromCache: true });
    expect(told.slice(1)).toEqual(['config 1 first', 'recovered after 1']);
  });

  it('is told to have been refused, and its trouble is no failure', () => {
    const { keeper, sink, told } = keeping({
      load() {
        throw new Error('unfit');
      },
    });
    expect(sink.config(project('1'), FRESH)).toBe(false);
    const { failures } = keeper.stats();
    sink.trouble(new ConvertError('CONVERT_PROJECT_CACHE', 'it fails'));
    sink.recovered('it works again');
    expect(keeper.stats().failures).toBe(failures);
    keeper.stop();
    sink.trouble(new ConvertError('CONVERT_PROJECT_CACHE', 'it fails'));
    sink.recovered('it works again');
    expect(sink.config(project('1'))).toBe(false);
    expect(told.slice(1)).toEqual(['CONVERT_PROJECT_CACHE', 'it works again']);
  });
});

describe('ready', () => {
  it('waits for the first config and no longer', async () => {
    const { keeper, sink } = keeping();
    const ready = keeper.ready();
    sink.error(failure());
    expect(await stateOf(ready)).toBe('waiting');
    sink.config(project());
    await expect(ready).resolves.toBeUndefined();
    await expect(keeper.ready()).resolves.toBeUndefined();
  });

  it('rejects when it is stopped before, also when asked afterwards', async () => {
    const { keeper } = keeping();
    const ready = keeper.ready();
    keeper.stop();
    await expect(ready).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
    await expect(keeper.ready()).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
    const { keeper: neverAsked } = keeping();
    neverAsked.stop();
    await expect(neverAsked.ready()).rejects.toMatchObject({ code: 'CONVERT_NOT_READY' });
  });

  it('does no harm when nobody looks at the rejection', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    later(() => process.off('unhandledRejection', listener));
    const { keeper } = keeping();
    void keeper.ready();
    keeper.stop();
    void keeper.ready();
    await new Promise((done) => setTimeout(done, 10));
    expect(unhandled).toEqual([]);
  });

  it('still resolves after stop where a config had arrived', async () => {
    const { keeper, sink } = keeping();
    sink.config(project());
    keeper.stop();
    await expect(keeper.ready()).resolves.toBeUndefined();
  });

  it('holds the process exactly as long as it waits', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { keeper, sink } = keeping();
    const before = timers();
    void keeper.ready();
    void keeper.ready();
    expect(timers()).toBe(before + 1);
    sink.config(project());
    expect(timers()).toBe(before);
    const { keeper: stopped } = keeping();
    void stopped.ready();
    stopped.stop();
    expect(timers()).toBe(before);
  });
});

describe('waitForFirst', () => {
  it('is one promise for all, which ends with the first config', async () => {
    const { keeper, sink } = keeping({ readyTimeout: 60_000 });
    const first = keeper.waitForFirst();
    expect(first).toBeInstanceOf(Promise);
    expect(keeper.waitForFirst()).toBe(first);
    expect(await stateOf(first as Promise<void>)).toBe('waiting');
    sink.config(project());
    await first;
    expect(keeper.waitForFirst()).toBeUndefined();
  });

  it('ends after the time counted from the first request, and later requests do not wait', async () => {
    vi.useFakeTimers();
    later(() => vi.useRealTimers());
    const { keeper } = keeping();
    // No request yet: no time runs.
    vi.advanceTimersByTime(10_000);
    const first = keeper.waitForFirst();
    expect(first).toBeInstanceOf(Promise);
    vi.advanceTimersByTime(200);
    expect(keeper.waitForFirst()).toBe(first);
    vi.advanceTimersByTime(49);
    expect(keeper.waitForFirst()).toBe(first);
    vi.advanceTimersByTime(1);
    await first;
    expect(keeper.waitForFirst()).toBeUndefined();
  });

  it('is not waited for where readyTimeout is 0, and not after stop', async () => {
    expect(keeping({ readyTimeout: 0 }).keeper.waitForFirst()).toBeUndefined();
    const { keeper } = keeping({ readyTimeout: 60_000 });
    const first = keeper.waitForFirst();
    keeper.stop();
    await first;
    expect(keeper.waitForFirst()).toBeUndefined();
  });

  it.each<unknown>([-1, NaN, Infinity, '250'])('refuses a readyTimeout of %j', (readyTimeout) => {
    expect(() => keeping({ readyTimeout: readyTimeout as number })).toThrow(
      expect.objectContaining({ code: 'CONVERT_BAD_OPTION' }) as Error,
    );
  });
});

describe('a config object', () => {
  it('is in force as soon as the keeper is started', () => {
    const told: string[] = [];
    const keeper = new ProjectRepository(objectSource(project('1')), {
      load: (config) => config,
      onConfig: (config, first) => void told.push(`${String(versionOf(config))} ${first}`),
    });
    expect(keeper.current).toBeUndefined();
    keeper.start();
    expect(keeper.current).toEqual(project('1'));
    expect(keeper.waitForFirst()).toBeUndefined();
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
