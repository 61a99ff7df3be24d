/** What is told of a project cache that fails and works again. */
import { digestOf } from '../../../src/project/sources/digest.js';
import { expect, it } from 'vitest';
import { SafeCache } from '../../../src/project/cache/safe-cache.js';
import type { CachedProject, ProjectCache } from '../../../src/project/cache/types.js';
import { ConvertError } from '../../../src/utils/errors.js';
import { recorder } from '../helpers.js';
import { KEY, text } from './cache.conformance.js';

type Answer = CachedProject | Error | undefined;

/** A cache that gives these answers one after the other, and what its sink hears after each of them. */
async function told(...answers: Answer[]): Promise<{ cacheFailures: string[]; recoveries: string[] }[]> {
  const cache: ProjectCache = {
    description: 'mine',
    async read() {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    write: async () => undefined,
  };
  const sink = recorder();
  const safe = new SafeCache(cache, sink, { key: KEY, limit: 5_000, maxBytes: 10_000, digestOf });
  const heard = [];
  while (answers.length > 0) {
    await safe.read();
    heard.push({ cacheFailures: sink.cacheFailures.splice(0), recoveries: sink.recoveries.splice(0) });
  }
  return heard;
}

const NOTHING = { cacheFailures: [], recoveries: [] };
const FAILS = {
  cacheFailures: ['convert: the project cache (mine) fails (ECONNRESET); the config is fetched without it'],
  recoveries: [],
};
const RECOVERS = { cacheFailures: [], recoveries: ['the project cache (mine) works again'] };
const down = (): Error => Object.assign(new Error('of a secret'), { code: 'ECONNRESET' });

it('a cache that fails twice, recovers and fails again is told of once per outage', async () => {
  expect(await told(undefined, down(), down(), text('1'), undefined, down(), down())).toEqual([
    NOTHING,
    FAILS,
    NOTHING,
    RECOVERS,
    NOTHING,
    FAILS,
    NOTHING,
  ]);
});

it('an error of ours is told once by its message, and neither begins nor ends an outage', async () => {
  const full = (): ConvertError => new ConvertError('CONVERT_PROJECT_CACHE', 'the folder is not ours');
  const OURS = { cacheFailures: ['convert: the folder is not ours'], recoveries: [] };
  expect(await told(full(), undefined, down(), full(), down(), undefined, full())).toEqual([
    OURS,
    NOTHING,
    FAILS,
    NOTHING,
    NOTHING,
    RECOVERS,
    NOTHING,
  ]);
});
