/** An outbox whose code is loaded late: what it counts before, and what it hands over. */
import { describe, expect, it } from 'vitest';
import { LateOutbox } from '../../src/convert/late-outbox.js';
import { memoryOutbox } from '../../src/delivery/memory-outbox.js';
import type { Outbox } from '../../src/delivery/types.js';
import { DESTINATION, exposure, fakeTransport, rememberingListener } from '../delivery/fakes.js';

function setUp() {
  const listener = rememberingListener();
  const transport = fakeTransport(200);
  const gate = { open: (): void => undefined, fail: (_error: Error): void => undefined };
  const there = new Promise<void>((resolve, reject) => Object.assign(gate, { open: resolve, fail: reject }));
  const outbox = new LateOutbox(false, async (): Promise<Outbox> => {
    await there;
    return memoryOutbox({ transport, destination: () => DESTINATION, listener });
  });
  return { gate, listener, outbox, transport };
}

describe('before it is there', () => {
  it('G5: takes no event, and tells what was dropped', () => {
    const { outbox } = setUp();
    const event = exposure('v1');
    const offer = outbox.offer([event]);
    offer.confirm();
    expect([...offer.refused]).toEqual([event]);
    expect(outbox.isHalfFull()).toBe(false);
    outbox.drop(2, 'not-ready');
    outbox.drop(1, 'not-ready');
    outbox.drop(1, 'consent');
    const counts = { accepted: 4, dropped: 4, pending: 0, reasons: { 'not-ready': 3, consent: 1 } };
    expect(outbox.ledger()).toMatchObject(counts);
    expect(outbox.stats()).toMatchObject({ ...counts, breaker: 'closed' });
  });

  it('G5: whoever flushes or closes waits for it', async () => {
    const { gate, outbox, transport } = setUp();
    outbox.drop(1, 'not-ready');
    const [flushed, closed] = [outbox.flush(1_000), outbox.close(1_000)];
    gate.open();
    expect(await flushed).toMatchObject({ accepted: 1, dropped: 1 });
    expect(await closed).toMatchObject({ accepted: 1, dropped: 1 });
    expect(transport.closed).toBe(true);
  });

  it('G5: what can not be loaded keeps its count, and rejects nobody but who needs it', async () => {
    const { gate, outbox } = setUp();
    outbox.drop(1, 'not-ready');
    const needed = outbox.need();
    const forgotten = outbox.forget(['v1']);
    gate.fail(new Error('not there'));
    await expect(needed).rejects.toThrow('not there');
    await expect(forgotten).rejects.toThrow('not there');
    expect(await outbox.flush(100)).toMatchObject({ accepted: 1, dropped: 1 });
    expect(await outbox.close(100)).toMatchObject({ accepted: 1, dropped: 1 });
  });
});

describe('once it is there', () => {
  it('G5: has what was dropped before, and does all', async () => {
    const { gate, listener, outbox, transport } = setUp();
    outbox.drop(2, 'not-ready');
    gate.open();
    await outbox.need();
    expect(outbox.need()).toBeUndefined();
    expect(listener.drops).toEqual({ 'not-ready': 2 });
    outbox.offer([exposure('v1'), exposure('v2')]).confirm();
    await outbox.forget(['v2']);
    outbox.drop(1, 'consent');
    expect(await outbox.flush(30_000)).toMatchObject({ accepted: 5, delivered: 1, dropped: 4 });
    expect(transport.posts.flatMap(({ visitors }) => visitors)).toEqual(['v1']);
    expect(outbox.stats()).toMatchObject({ posts: 1, reasons: { 'not-ready': 2, forgotten: 1, consent: 1 } });
  });
});
