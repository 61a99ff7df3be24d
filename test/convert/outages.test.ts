/** What the log and the listeners of `error` are told of an outage, at each place that may fail and recover. */
import { expect, it } from 'vitest';
import type { ProjectSink, ProjectSource } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import type { VisitorStore } from '../../src/store/types.js';
import { ConvertError } from '../../src/utils/errors.js';
import { incoming } from '../identity/support.js';
import { FakeResponse } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import { collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

const down = (n: number): ConvertError => new ConvertError('CONVERT_STORE', `down ${n}`);

it('a project source that fails twice, recovers and fails again: two lines and an event for each failure', () => {
  let sink: ProjectSink | undefined;
  const source: ProjectSource = {
    description: 'the test',
    start: (given) => void (sink = given),
    stop: () => undefined,
  };
  const convert = create({ project: source });
  const heard: string[] = [];
  convert.on('error', (error) => heard.push(error.message));
  sink!.error(down(1));
  sink!.error(down(2));
  sink!.config(testProject());
  sink!.unchanged();
  sink!.error(down(3));
  expect(heard).toEqual(['convert: down 1', 'convert: down 2', 'convert: down 3']);
  expect(logged.map(messageOf)).toEqual([
    'convert: down 1',
    'convert: the project config is back after 2 failures',
    'convert: down 3',
  ]);
});

it('a project cache that fails, recovers and fails again: a line and an event for each outage', () => {
  let sink: ProjectSink | undefined;
  const convert = create({
    project: { description: 'the test', start: (given) => void (sink = given), stop: () => undefined },
  });
  const heard: string[] = [];
  convert.on('error', (error) => heard.push(error.message));
  sink!.cacheFailed(down(1));
  sink!.recovered('the cache works again');
  sink!.cacheFailed(down(2));
  expect(heard).toEqual(['convert: down 1', 'convert: down 2']);
  expect(logged.map(messageOf)).toEqual([
    'convert: down 1',
    'convert: the cache works again',
    'convert: down 2',
  ]);
});

it('a remote store that fails twice, recovers and fails again: a line and an event for each outage', async () => {
  let failure: ConvertError | undefined;
  const kept = memoryStore();
  const store: VisitorStore = {
    remote: true,
    async read(key) {
      if (failure) throw failure;
      return kept.read(key);
    },
    commit: async (...change) => kept.commit(...change),
    delete: (key) => kept.delete(key),
  };
  const convert = create({ store, storeCache: false });
  await convert.ready();
  const heard: string[] = [];
  convert.on('error', (error) => heard.push(error.message));
  const failing: boolean[] = [];
  for (const each of [down(1), down(2), undefined, undefined, down(3)]) {
    failure = each;
    await convert.open(incoming({ cookie: `cv_vid=abc` }), new FakeResponse());
    failing.push(convert.stats().store.failing);
  }
  expect(failing).toEqual([true, true, false, false, true]);
  expect(heard).toEqual(['convert: down 1', 'convert: down 3']);
  expect(logged.map(messageOf)).toEqual([
    'convert: down 1',
    'convert: the visitor store answers again',
    'convert: down 3',
  ]);
});
