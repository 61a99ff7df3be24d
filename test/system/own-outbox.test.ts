/** `delivery.outbox`: an outbox that is not of our making. */
import { expect, it } from 'vitest';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { createConvert, type OutboxFactory } from '../../src/index.js';
import { testProject } from '../support/project.js';

const createWith = (outbox: OutboxFactory, more: object = {}) => {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const convert = createConvert({
    project: testProject(),
    delivery: { outbox, ...more },
    logger: { error: log, warn: log },
  });
  return { convert, lines };
};

it('is given all that ours are, and takes the events', async () => {
  let given: Parameters<OutboxFactory>[0] | undefined;
  const { convert } = createWith(
    (options) => {
      given = options;
      return memoryOutbox({
        ...options,
        transport: { post: async () => ({ status: 200, retryAfter: undefined }), close() {} },
      });
    },
    { maxQueueBytes: 100_000, linger: 7, enrichData: false },
  );
  (await convert.forVisitor('v1')).trackConversion('purchase');
  expect(await convert.flush()).toMatchObject({ delivered: 1 });
  expect(given).toMatchObject({ maxQueueBytes: 100_000, lingerMs: 7, enrichData: false });
  expect(given?.destination()).toMatchObject({ accountId: '1001', projectId: '2002' });
  await convert.close();
});

it('that fails lets neither flush nor close reject, and is heard of', async () => {
  const boom = async (): Promise<never> => {
    throw new Error('visitor-1 is unhappy');
  };
  const { convert, lines } = createWith((options) => ({
    ...memoryOutbox(options),
    flush: boom,
    close: boom,
  }));
  expect(await convert.flush()).toMatchObject({ accepted: 0 });
  expect(await convert.close()).toMatchObject({ accepted: 0 });
  expect(lines.join()).toContain('the outbox of `delivery.outbox` failed');
  expect(lines.join()).not.toContain('visitor-1');
});

it('is asked to forget a visitor, where it can', async () => {
  const asked: (readonly string[])[] = [];
  const forgets = createWith((options) => ({
    ...memoryOutbox(options),
    forget: (visitorIds) => void asked.push(visitorIds),
  }));
  await forgets.convert.forget('visitor-1');
  expect(asked).toEqual([['visitor-1']]);

  const fails = createWith((options) => ({
    ...memoryOutbox(options),
    forget() {
      throw new Error('visitor-1 is unforgettable');
    },
  }));
  const error: unknown = await fails.convert.forget('visitor-1').catch((each: unknown) => each);
  expect(error).toMatchObject({ code: 'CONVERT_CALLBACK' });
  expect(String(error)).not.toContain('visitor-1');

  const { convert, lines } = createWith((options) => ({ ...memoryOutbox(options), forget: undefined }));
  await convert.forget('visitor-1');
  await convert.forget('visitor-2');
  expect(lines.filter((line) => line.includes('has no `forget`'))).toHaveLength(1);
  for (const each of [forgets, fails, { convert }]) await each.convert.close();
});

it('that is none is an error at construction', () => {
  expect(() => createWith(() => ({}) as never)).toThrow('option `delivery.outbox()` must be an outbox');
});

it('and a spool are one too many', () => {
  expect(() => createWith(memoryOutbox, { spool: '/nowhere' })).toThrow(
    '`delivery.spool` and `delivery.outbox`',
  );
});
