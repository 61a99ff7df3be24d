/**
 * What versions before have written, which told no format, is read as it was meant. `unnumbered-formats.json` was
 * recorded from such a version: its cookies, a document and entries in Redis, and a folder of the spool.
 */
import { nodeDigests } from '../../src/utils/node/digests.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import { assignmentCookie } from '../../src/identity/cookies/assignment-cookie.js';
import { aliasCookie } from '../../src/identity/cookies/alias-cookie.js';
import { UNSIGNED } from '../../src/identity/cookies/id-signer.js';
import { sessionCookie } from '../../src/identity/cookies/session-cookie.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { redisOutbox, redisStore } from '../../src/redis.js';
import { incoming } from '../identity/support.js';
import { type Collector, startCollector } from '../support/collector.js';
import { temporaryFolder } from '../support/folder.js';
import { testProject } from '../support/project.js';
import { hasRedis, sharedRedis } from '../support/redis.js';
import recorded from './unnumbered-formats.json' with { type: 'json' };

let collector: Collector;
beforeEach(async () => {
  // Events of 2026 are too old to be sent later.
  vi.useFakeTimers({ toFake: ['Date'], now: recorded.at + 10_000 });
  collector = await startCollector();
});
afterEach(async () => {
  vi.useRealTimers();
  await collector.close();
});

function create(options: ConvertOptions) {
  const told: string[] = [];
  const log = (message: string): void => void told.push(message);
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    logger: { warn: log, error: log },
    ...options,
  });
  onTestFinished(async () => void (await convert.close({ timeout: 500 })));
  return { convert, told };
}

const events = (): string[] =>
  collector.events.map(({ visitorId, eventType }) => `${visitorId} ${eventType}`).sort();

describe('F7: what tells no format', () => {
  it('is read from cookies', () => {
    const [[assignments, session], , [alias]] = recorded.cookies as [string[], string[], string[]];
    const asg = assignmentCookie(nodeDigests, 'a secret of the fixtures');
    const carried = asg.open(incoming({ cookie: assignments! }), '1001-2002-recorded-1', undefined);
    expect(carried.state).toEqual({ bucketing: { 101: '1011' } });
    const given = { now: recorded.at, isNewcomer: false, keepsAttribution: true };
    const carriedSession = sessionCookie().open(incoming({ cookie: session! }), given);
    expect(carriedSession.session?.attribution).toMatchObject({ source: 'campaign', campaign: 'spring' });
    expect(carriedSession.isDue).toBe(false);
    expect(
      aliasCookie().read(incoming({ cookie: alias! }), { id: 'phone', signature: 'none' }, UNSIGNED.check()),
    ).toMatchObject({ id: 'recorded-2', state: 'waits' });
  });

  it('is sent from a spool: all that is not finalized, and nothing of visitors who were forgotten', async () => {
    const path = temporaryFolder('spool');
    mkdirSync(join(path, '1001-2002'), { mode: 0o700 });
    for (const [name, content] of Object.entries(recorded.spool)) {
      const file = join(path, '1001-2002', name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, content, { mode: 0o600 });
    }
    const { convert, told } = create({ delivery: { spool: path, linger: 5 } });
    await collector.waitFor((seen) => seen.events.length === 3);
    expect(events()).toEqual(['recorded-1 conversion', 'recorded-1 conversion', 'recorded-3 bucketing']);
    expect(convert.stats().delivery).toMatchObject({ reasons: { forgotten: 1 } });
    expect(convert.stats().delivery.otherFormats).toBeUndefined();
    expect(told).toEqual([]);
  });
});

describe.skipIf(!hasRedis)('F7: what tells no format in Redis', () => {
  const redis = sharedRedis();

  it('is read: the state of a visitor, and events that wait', async () => {
    await redis.client.set('convert:1001-2002-recorded-1', recorded.document);
    for (const [id, fields] of recorded.entries as [string, string[]][])
      await redis.client.xadd('convert:{1001-2002}:events', id, ...fields);
    const { convert, told } = create({
      store: redisStore(redis.client),
      delivery: { outbox: redisOutbox(redis.client), linger: 5 },
    });
    const visitor = await convert.forVisitor('recorded-1');
    expect(visitor.explain('homepage-hero')).toMatchObject({ reason: 'sticky', variation: { id: '1011' } });
    const sale = { conversionData: [{ key: 'transactionId' as const, value: 't1' }] };
    visitor.trackConversion('purchase', { ...sale, conversionSetting: { forceMultipleTransactions: true } });
    await collector.waitFor((seen) => seen.events.length === 5);
    await convert.flush();
    expect(events()).toEqual([
      'recorded-1 bucketing',
      'recorded-1 conversion',
      'recorded-1 conversion',
      'recorded-2 bucketing',
      'recorded-3 bucketing',
    ]);
    expect(convert.stats().state.unknownFormat).toBe(0);
    expect(told).toEqual([]);
  });
});
