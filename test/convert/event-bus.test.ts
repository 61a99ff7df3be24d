/** The log hears of each outage of delivery and of its end once; `node:diagnostics_channel` hears of all events. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Convert, type ConvertOptions, createConvert } from '../../src/index.js';
import { until } from '../delivery/fakes.js';
import { type Collector, type CollectorOptions, startCollector } from '../support/collector.js';
import { testProject } from '../support/project.js';
import '../support/loaded.js';

interface Kit {
  collector: Collector;
  convert: Convert;
  lines: string[];
  /** Tracks a conversion of a visitor. */
  track: (id: string) => Promise<void>;
}

async function start(how: CollectorOptions = {}, options: ConvertOptions = {}): Promise<Kit> {
  const collector = await startCollector(how);
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    logger: { error: log, warn: log, info: log },
    ...options,
  });
  onTestFinished(async () => {
    await convert.close({ timeout: 0 });
    await collector.close();
  });
  const track = async (id: string): Promise<void> => {
    (await convert.forVisitor(id)).trackConversion('purchase');
  };
  return { collector, convert, lines, track };
}

function listen(name: string): unknown[] {
  const heard: unknown[] = [];
  const listener = (message: unknown): void => void heard.push(message);
  subscribe(`convert-middleware:${name}`, listener);
  onTestFinished(() => void unsubscribe(`convert-middleware:${name}`, listener));
  return heard;
}

describe('the log', () => {
  it('has one line when delivery begins to fail, and one when it works again', async () => {
    const { collector, convert, lines, track } = await start({ status: () => 503 });
    await track('v1');
    await until(() => convert.stats().delivery.retries > 0);
    for (let n = 0; n < 3; n++) void convert.flush({ timeout: 500 });
    await until(() => convert.stats().delivery.retries > 1);
    collector.change({ status: () => 200 });
    await convert.flush();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('answered 503');
    expect(lines[1]).toMatch(/^convert: the tracking endpoint takes events again, after \d+ failed POSTs$/);
  });

  it('says once that events are lost, and why', async () => {
    const { lines, convert, track } = await start(
      { behaviour: () => 'hang' },
      { delivery: { maxQueueBytes: 64 * 1024 } },
    );
    for (let n = 0; n < 1500; n++) await track(`visitor-${n}`);
    await convert.flush({ timeout: 0 });
    expect(convert.stats().delivery.reasons.overflow).toBeGreaterThan(1);
    expect(lines.filter((line) => line.includes('the outbox is full'))).toHaveLength(1);
    expect(lines.join()).not.toContain('visitor-');
  });

  it('says that an event is too large', async () => {
    const { lines, convert, track } = await start();
    await track('x'.repeat(40_000));
    await convert.flush();
    expect(convert.stats().delivery.reasons).toEqual({ 'too-large': 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('over 32 KiB');
  });
});

describe('diagnostics channels', () => {
  it('carry what listeners get: what was delivered, dropped, and went wrong', async () => {
    const [delivered, dropped, errors] = [listen('delivered'), listen('dropped'), listen('error')];
    const { convert, track } = await start({ status: (n) => (n === 1 ? 503 : 200) });
    const heard: unknown[] = [];
    convert.on('error', (error) => heard.push(error));
    await track('v1');
    await track('x'.repeat(40_000));
    await convert.flush();
    expect(delivered).toEqual([{ count: 1 }]);
    expect(dropped).toEqual([{ count: 1, reason: 'too-large' }]);
    expect(errors).toHaveLength(1);
    expect(errors).toEqual(heard);
  });

  it('carry decisions, also where the app listens to none', async () => {
    const decisions = listen('decision');
    const { convert } = await start();
    (await convert.forVisitor('v1')).runExperience('no-such');
    expect(decisions).toMatchObject([{ experienceKey: 'no-such', reason: 'not-found' }]);
  });
});
