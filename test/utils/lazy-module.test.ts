import { expect, it, vi } from 'vitest';
import { LazyModule } from '../../src/utils/lazy-module.js';

it('is loaded when it is needed, once, and is there at once afterwards', async () => {
  const load = vi.fn(() => Promise.resolve('the module'));
  const module = new LazyModule(load);
  expect(module.loaded).toBeUndefined();
  expect(load).not.toHaveBeenCalled();
  const first = module.need();
  expect(module.need()).toBe(first);
  expect(module.loaded).toBeUndefined();
  await first;
  expect(module.loaded).toBe('the module');
  expect(module.need()).toBeUndefined();
  expect(load).toHaveBeenCalledTimes(1);
});

it('tells each who waits if it can not be loaded, and is tried again', async () => {
  let isThere = false;
  const load = vi.fn(() =>
    isThere ? Promise.resolve('the module') : Promise.reject(new Error('not there')),
  );
  const module = new LazyModule(load);
  const waits = [module.need(), module.need()];
  for (const each of waits) await expect(each).rejects.toThrow('not there');
  expect(module.loaded).toBeUndefined();
  isThere = true;
  await module.need();
  expect(module.loaded).toBe('the module');
  expect(load).toHaveBeenCalledTimes(2);
});
