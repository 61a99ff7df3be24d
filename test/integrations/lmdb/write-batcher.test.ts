import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WriteBatcher } from '../../../src/integrations/lmdb/write-batcher.js';

describe('work in a batch', () => {
  it('is done at once where there was none for a while, and together where there was', async () => {
    const batcher = new WriteBatcher(200);
    const done: number[] = [];
    const work = (value: number) => () => {
      done.push(value);
      return Promise.resolve(value);
    };
    const first = batcher.run(work(1));
    expect(done).toEqual([1]);
    const second = batcher.run(work(2));
    await sleep(20);
    const third = batcher.run(work(3));
    expect(done).toEqual([1]);
    expect(await Promise.all([first, second])).toEqual([1, 2]);
    // In the same go, though nobody has waited for it yet.
    expect(done).toEqual([1, 2, 3]);
    expect(await third).toBe(3);
    await sleep(250);
    void batcher.run(work(4));
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it('fails by itself', async () => {
    const batcher = new WriteBatcher(5);
    const fail = (): Promise<never> => {
      throw new Error('full');
    };
    const reject = (): Promise<never> => Promise.reject(new Error('gone'));
    const all = [fail, reject, fail, () => Promise.resolve('well')].map((work) => batcher.run<unknown>(work));
    expect(
      (await Promise.allSettled(all)).map((each) => ('reason' in each ? String(each.reason) : each.value)),
    ).toEqual(['Error: full', 'Error: gone', 'Error: full', 'well']);
  });
});
