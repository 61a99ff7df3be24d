/** What `trackConversion` and `committed` answer, and what the event `conversion` says. */
import { afterEach, describe, expect, it } from 'vitest';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import { spoolOutbox } from '../../src/delivery/spool/spool-outbox.js';
import type { OutboxFactory, OutboxOptions } from '../../src/delivery/types.js';
import {
  type Convert,
  createConvert,
  type ConvertContext,
  type ConvertEvents,
  type ConvertOptions,
  memoryStore,
  type VisitorStore,
} from '../../src/index.js';
import { incoming } from '../identity/support.js';
import { temporaryFolder } from '../support/folder.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { testProject } from '../support/project.js';

type Told = ConvertEvents['conversion'];

const open: Convert[] = [];
afterEach(async () => {
  for (const convert of open.splice(0)) await convert.close({ timeout: 100 });
});

/** An endpoint that never answers: nobody may wait for it. */
const silent: Pick<OutboxOptions, 'transport'> = {
  transport: { post: () => new Promise(() => undefined), close() {} },
};
const inMemory: OutboxFactory = (given) => memoryOutbox({ ...given, ...silent });

function create(options: ConvertOptions = {}): { convert: Convert; told: Told[]; lines: string[] } {
  const told: Told[] = [];
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const convert = createConvert({
    project: testProject(),
    delivery: { outbox: inMemory },
    logger: { error: log, warn: log },
    ...options,
  });
  convert.on('conversion', (event) => told.push(event));
  open.push(convert);
  return { convert, told, lines };
}

/** A store whose commits do as `commit` says; reads find nothing. */
const storeThat = (commit: VisitorStore['commit']): VisitorStore => ({
  remote: false,
  read: () => undefined,
  commit,
  delete: () => undefined,
});
const ORDER = { conversionData: [{ key: 'transactionId' as const, value: 'o-1' }] };
/** A context of a request of another kind. */
const special = (more: object): Promise<ConvertContext> =>
  Promise.resolve(create().convert.open({ ...incoming({}), ...more }, new FakeResponse()));
const never = new Promise<never>(() => undefined);

describe('trackConversion', () => {
  it('E8: says at once what is known', async () => {
    const { convert } = create();
    const visitor = await convert.forVisitor('v1');
    const data = (value: unknown) => ({ conversionData: [{ key: 'amount', value }] }) as never;
    expect(visitor.trackConversion('no-such-goal')).toEqual({ outcome: 'goal-not-found', retry: false });
    expect(visitor.trackConversion('purchase', data({}))).toEqual({ outcome: 'bad-data', retry: false });
    const accepted = visitor.trackConversion('purchase');
    expect(accepted).toEqual({ outcome: 'accepted', retry: false });
    expect(Object.isFrozen(accepted)).toBe(true);
    expect(visitor.trackConversion('purchase')).toEqual({ outcome: 'already-tracked', retry: false });
  });

  it('E8: says why nothing is counted: no config, no consent, no id, a bot, a skipped request, a preview', async () => {
    const source = { description: 'none', start: () => undefined, stop: () => undefined };
    const asked = { consent: { cookie: 'consent', granted: 'yes' } };
    const cases: [string, boolean, () => Promise<Pick<ConvertContext, 'trackConversion' | 'committed'>>][] = [
      ['not-ready', true, async () => visit(create({ project: source, readyTimeout: 0 }).convert)],
      ['consent', false, async () => visit(create(asked).convert)],
      ['consent', false, async () => create(asked).convert.forVisitor('v1')],
      ['consent', false, async () => create().convert.forVisitor('v1', { consent: 'denied' })],
      [
        'consent',
        false,
        async () =>
          visit(
            create({ consent: { ...asked.consent, mode: 'silent' }, visitor: { id: () => 'u1' } }).convert,
          ),
      ],
      ['no-identity', false, async () => create().convert.forVisitor(undefined)],
      ['no-identity', false, async () => visit(create().convert, { upgrade: 'websocket' })],
      ['bot', false, async () => visit(create().convert, { 'user-agent': 'Googlebot/2.1' })],
      ['disabled', false, async () => visit(create({ skip: () => true }).convert)],
      ['disabled', false, async () => create({ delivery: false }).convert.forVisitor('v1')],
      ['read-only', false, async () => special({ method: 'HEAD' })],
      ['read-only', false, async () => special({ url: '/?convert_preview=101.1010' })],
    ];
    for (const [outcome, retry, make] of cases) {
      const context = await make();
      expect(context.trackConversion('purchase'), outcome).toEqual({ outcome, retry });
      expect(await context.committed(), outcome).toEqual({
        retry,
        conversions: [{ goalKey: 'purchase', outcome, retry }],
      });
    }
  });

  it('E8: an error of the engine is `disabled`, and an `error` event', async () => {
    const { convert, told } = create();
    const visitor = await convert.forVisitor('v1');
    const attributes = {
      get ruleData(): never {
        throw new Error('boom');
      },
    };
    expect(visitor.trackConversion('purchase', attributes)).toEqual({ outcome: 'disabled', retry: false });
    expect(told.map(({ outcome }) => outcome)).toEqual(['disabled']);
  });
});

describe('committed', () => {
  it('E8: gives the final outcomes in the order of the calls, and does not wait for Convert', async () => {
    const { convert } = create();
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase', ORDER);
    visitor.trackConversion('no-such-goal');
    visitor.trackConversion('purchase');
    expect(await visitor.committed()).toEqual({
      retry: false,
      conversions: [
        { goalKey: 'purchase', outcome: 'tracked', retry: false },
        { goalKey: 'no-such-goal', outcome: 'goal-not-found', retry: false },
        { goalKey: 'purchase', outcome: 'already-tracked', retry: false },
      ],
    });
    expect(convert.stats().delivery).toMatchObject({ delivered: 0, pending: 2 });
  });

  it('E8: commits a request, too, and answers a context in which nothing was recorded', async () => {
    const { convert } = create();
    const context = await visit(convert);
    expect(await context.committed()).toEqual({ retry: false, conversions: [] });
    context.trackConversion('purchase');
    expect(await context.committed()).toMatchObject({ conversions: [{ outcome: 'tracked' }] });
  });

  it('E8: another process was first: already-tracked', async () => {
    const store = memoryStore();
    const [one, other] = [create({ store }), create({ store })];
    const [first, second] = [await one.convert.forVisitor('v1'), await other.convert.forVisitor('v1')];
    expect(first.trackConversion('purchase').outcome).toBe('accepted');
    expect(second.trackConversion('purchase').outcome).toBe('accepted');
    expect((await first.committed()).conversions).toMatchObject([{ outcome: 'tracked' }]);
    expect((await second.committed()).conversions).toMatchObject([
      { outcome: 'already-tracked', retry: false },
    ]);
    expect(other.told).toEqual([{ visitorId: 'v1', goalKey: 'purchase', outcome: 'already-tracked' }]);
  });

  it('E8: a full outbox refuses, and the same conversion counts once there is room', async () => {
    const store = memoryStore();
    const { convert, told } = create({ store, delivery: { outbox: inMemory, maxQueueBytes: 65_536 } });
    const [filler, visitor] = [await convert.forVisitor('filler'), await convert.forVisitor('v1')];
    const large = (n: number) => ({
      conversionData: [{ key: 'customDimension1' as const, value: `${n}`.padEnd(4_000, 'x') }],
      conversionSetting: { forceMultipleTransactions: true },
    });
    let answer = await filler.committed();
    for (let n = 0; !answer.retry && n < 100; n++) {
      filler.trackConversion('purchase', large(n));
      answer = await filler.committed();
    }
    expect(answer.conversions.at(-1)).toEqual({ goalKey: 'purchase', outcome: 'refused', retry: true });
    // There is room for the goal, and none for the transaction: it counts as a whole or not at all.
    visitor.trackConversion('purchase', large(0));
    expect(await visitor.committed()).toMatchObject({ retry: true });
    expect(told.at(-1)).toMatchObject({ visitorId: 'v1', outcome: 'refused' });

    const again = await create({ store }).convert.forVisitor('v1');
    expect(again.trackConversion('purchase', large(0)).outcome).toBe('accepted');
    expect(await again.committed()).toMatchObject({ conversions: [{ outcome: 'tracked' }] });
  });

  it('E8: an event that is too large is not worth another try; one after the close is', async () => {
    const { convert } = create();
    const large = await convert.forVisitor('x'.repeat(40_000));
    large.trackConversion('purchase');
    expect(await large.committed()).toMatchObject({ conversions: [{ outcome: 'too-large', retry: false }] });
    const late = await convert.forVisitor('v1');
    await convert.close({ timeout: 10 });
    late.trackConversion('purchase');
    expect(await late.committed()).toMatchObject({ conversions: [{ outcome: 'refused', retry: true }] });
  });

  it('E8: a store that fails to commit is named; the conversion is sent, so that it is not to come again', async () => {
    const fails = (): never => {
      throw new Error('down');
    };
    for (const commit of [fails, () => Promise.reject(new Error('down')), () => ({}) as never]) {
      const { convert, told } = create({ store: storeThat(commit) });
      const visitor = await convert.forVisitor('v1');
      visitor.trackConversion('purchase');
      expect(await visitor.committed()).toEqual({
        retry: false,
        conversions: [{ goalKey: 'purchase', outcome: 'store-unavailable', retry: false }],
      });
      expect(convert.stats().delivery.pending).toBe(1);
      expect(told).toMatchObject([{ outcome: 'store-unavailable' }]);
    }
  });

  it('E8: a job whose visitor may have consented, which the store can not tell, is to come again', async () => {
    const store: VisitorStore = {
      ...storeThat(() => never),
      read() {
        throw new Error('down');
      },
    };
    const { convert, told } = create({ store, consent: { cookie: 'consent', granted: 'yes' } });
    const visitor = await convert.forVisitor('v1');
    const unavailable = { outcome: 'store-unavailable', retry: true };
    expect(visitor.trackConversion('purchase')).toEqual(unavailable);
    expect((await visitor.committed()).retry).toBe(true);
    expect(told).toEqual([{ visitorId: 'v1', goalKey: 'purchase', outcome: 'store-unavailable' }]);
    const denied = await convert.forVisitor('v1', { consent: 'denied' });
    expect(denied.trackConversion('purchase')).toEqual({ outcome: 'consent', retry: false });
  });

  it('E8: a store that hangs is a timeout, and the outcome follows', async () => {
    let answer = (): void => undefined;
    const store = memoryStore();
    const slow = storeThat(async (...args) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return store.commit(...args);
    });
    const { convert, told } = create({ store: slow });
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase');
    expect(await visitor.committed({ timeout: 20 })).toEqual({
      retry: true,
      conversions: [{ goalKey: 'purchase', outcome: 'timeout', retry: true }],
    });
    expect(told).toEqual([]);
    answer();
    expect(await visitor.committed()).toMatchObject({ retry: false, conversions: [{ outcome: 'tracked' }] });
    expect(told).toMatchObject([{ outcome: 'tracked' }]);
  });

  it('E8: waits until a configured disk has the event', async () => {
    const root = temporaryFolder('committed');
    const outbox: OutboxFactory = (given) => spoolOutbox(root)({ ...given, ...silent });
    const { convert } = create({ delivery: { outbox } });
    const visitor = await convert.forVisitor('v1');
    visitor.runExperience('homepage-hero');
    visitor.trackConversion('purchase');
    expect(await visitor.committed({ timeout: 60_000 })).toMatchObject({
      conversions: [{ outcome: 'tracked' }],
    });
    expect(convert.stats().delivery).toMatchObject({ volatile: 0, delivered: 0, accepted: 2 });
  });

  it('E8: an outbox that outlives the process and does not store is a timeout', async () => {
    let store = (): void => undefined;
    const outbox: OutboxFactory = (given) => ({
      ...memoryOutbox({ ...given, ...silent }),
      outlives: true,
      offer: () => ({ refused: new Set(), confirm: (_lost, kept) => void (store = kept ?? store) }),
    });
    const { convert } = create({ delivery: { outbox } });
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase');
    expect(await visitor.committed({ timeout: 20 })).toMatchObject({ conversions: [{ outcome: 'timeout' }] });
    store();
    expect(await visitor.committed()).toMatchObject({ conversions: [{ outcome: 'tracked' }] });
  });

  it('E8: never rejects, whatever it is given', async () => {
    const { convert } = create();
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase');
    for (const options of [null, 5, { timeout: 'x' }, { timeout: -1 }] as never[])
      expect(await visitor.committed(options)).toMatchObject({ retry: false });
  });

  it('E8: keeps the last 1,000 conversions of a context', async () => {
    const { convert } = create();
    const visitor = await convert.forVisitor('v1');
    for (let n = 0; n < 1_200; n++) visitor.trackConversion(`goal-${n}`);
    const { conversions } = await visitor.committed();
    expect(conversions).toHaveLength(1_000);
    expect(conversions.at(-1)).toMatchObject({ goalKey: 'goal-1199' });
  });
});

describe('the event `conversion`', () => {
  it('E8: comes once per call, with the final outcome, after the commit', async () => {
    const { convert, told } = create();
    const visitor = await convert.forVisitor('v1');
    visitor.trackConversion('purchase');
    expect(told).toEqual([]);
    await tick();
    expect(told).toEqual([{ visitorId: 'v1', goalKey: 'purchase', outcome: 'tracked' }]);
    await visitor.committed();
    await convert.flush({ timeout: 1 });
    expect(told).toHaveLength(1);
  });

  it('E8: says that nothing was sent before consent: `consent` in silent mode, `deferred` in hold mode', async () => {
    const ask = (mode: 'silent' | 'hold', more: ConvertOptions = {}) =>
      create({ consent: { cookie: 'consent', granted: 'yes', mode }, visitor: { id: () => 'u1' }, ...more });
    const silentMode = ask('silent');
    (await visit(silentMode.convert)).trackConversion('purchase');
    expect(silentMode.told).toMatchObject([{ outcome: 'consent' }]);

    const held = ask('hold');
    const context = await visit(held.convert);
    expect(context.trackConversion('purchase').outcome).toBe('accepted');
    expect(await context.committed()).toMatchObject({ conversions: [{ outcome: 'deferred', retry: false }] });
    expect(held.told).toMatchObject([{ outcome: 'deferred' }]);
    expect(held.convert.stats().delivery.accepted).toBe(0);

    const broken = ask('hold', { store: storeThat(() => Promise.reject(new Error('down'))) });
    const lost = await visit(broken.convert);
    lost.trackConversion('purchase');
    expect(await lost.committed()).toMatchObject({
      conversions: [{ outcome: 'store-unavailable', retry: true }],
    });
  });

  it('E8: says that a commit was stopped: the visitor was forgotten, or their cookie is not in the response', async () => {
    const { convert, told } = create();
    const response = new FakeResponse();
    const forgotten = await visit(convert, { cookie: 'cv_vid=v-known-1' }, response);
    forgotten.trackConversion('purchase');
    await convert.forget('v-known-1');
    expect(await forgotten.committed()).toMatchObject({
      conversions: [{ outcome: 'forgotten', retry: false }],
    });

    const shared = new FakeResponse();
    const newcomer = await visit(convert, {}, shared);
    newcomer.trackConversion('purchase');
    shared.headers.set('Cache-Control', 'public, max-age=60');
    shared.writeHead();
    expect(await newcomer.committed()).toMatchObject({ conversions: [{ outcome: 'no-identity' }] });
    expect(told.map(({ outcome }) => outcome)).toEqual(['forgotten', 'no-identity']);
  });
});

describe('an outbox of the app', () => {
  const broken =
    (what: string): OutboxFactory =>
    (given) => ({
      ...memoryOutbox({ ...given, ...silent }),
      [what]: () => {
        throw new Error('visitor-1 is unhappy');
      },
    });

  it('E8: that throws in `offer` refuses: nothing is stored, and `flush` does not reject', async () => {
    const store = memoryStore();
    const { convert, lines } = create({ store, delivery: { outbox: broken('offer') } });
    const visitor = await convert.forVisitor('v1');
    visitor.runExperience('homepage-hero');
    visitor.trackConversion('purchase');
    await expect(convert.flush({ timeout: 1 })).resolves.toMatchObject({ delivered: 0 });
    expect(await visitor.committed()).toMatchObject({ conversions: [{ outcome: 'refused', retry: true }] });
    expect((await convert.forVisitor('v1')).getVisitorData()).toEqual({});
    expect(lines.join()).toContain('the outbox of `delivery.outbox` failed');
    expect(lines.join()).not.toContain('visitor-1');
  });

  it.each(['drop', 'ledger', 'stats', 'isHalfFull', 'forget'])(
    'E8: that throws in `%s` reaches neither a request nor a job',
    async (method) => {
      const { convert } = create({ delivery: { outbox: broken(method) } });
      const visitor = await convert.forVisitor(undefined);
      expect(visitor.trackConversion('purchase').outcome).toBe('no-identity');
      await convert.flush({ timeout: 1 });
      expect(convert.stats().delivery).toMatchObject({ breaker: 'closed' });
    },
  );

  it('E8: whose `confirm` throws is told of', async () => {
    const outbox: OutboxFactory = (given) => ({
      ...memoryOutbox({ ...given, ...silent }),
      offer: () => ({
        refused: new Set(),
        confirm() {
          throw new Error('no');
        },
      }),
    });
    const { convert, lines } = create({ delivery: { outbox } });
    (await convert.forVisitor('v1')).trackConversion('purchase');
    await convert.flush({ timeout: 1 });
    expect(lines.join()).toContain('the outbox of `delivery.outbox` failed');
  });
});

it('E8: a second commit of a request tells the store what the first one stored', async () => {
  const store = memoryStore();
  const known: unknown[] = [];
  const recording: VisitorStore = {
    ...storeThat((...args) => {
      known.push(args[2].known);
      return store.commit(...args);
    }),
  };
  const { convert } = create({ store: recording });
  const visitor = await convert.forVisitor('v1');
  visitor.runExperience('homepage-hero');
  await visitor.committed();
  visitor.trackConversion('purchase');
  await visitor.committed();
  expect(known).toEqual([null, { bucketing: { 101: expect.any(String) as string } }]);
});
