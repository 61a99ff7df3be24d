/** `getConvert()` on hosts with web standards that have `AsyncLocalStorage`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { getConvert } from '../../src/async-context.js';
import { withConvert } from '../../src/fetch/with-convert.js';
import { collectorPerTest, create, visit } from './setup.js';

collectorPerTest();

const idLater = async (): Promise<string | undefined> => {
  await sleep(5);
  return getConvert()?.visitorId;
};

it('is the context of each request, in the handler and in the body that it streams', async () => {
  const handle = withConvert(async (_, { visitorId }) => {
    const seen = await idLater();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode([visitorId, seen, await idLater()].join()));
        controller.close();
      },
    });
    return new Response(body);
  }, create());
  const answers = await Promise.all([1, 2, 3].map(async () => (await handle(visit())).text()));
  for (const answer of answers) {
    const [own, inHandler, inBody] = answer.split(',');
    expect(own).toMatch(/^[\w-]{36}$/);
    expect([inHandler, inBody]).toEqual([own, own]);
  }
  expect(new Set(answers).size).toBe(3);
  expect(getConvert()).toBeUndefined();
});

it('is what `run` of an opened request tells, for hosts whose middleware calls the next one', async () => {
  const { context, run } = await create().open(visit());
  expect(await run(idLater)).toBe(context.visitorId);
  expect(await idLater()).toBeUndefined();
});
