/** Visitors who are forgotten while events of theirs wait on disk, here and in other processes. */
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it, onTestFinished, vi } from 'vitest';
import type { SpoolFiles } from '../../../src/delivery/spool/files.js';
import { spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import type { OutboxOptions } from '../../../src/delivery/types.js';
import { temporaryFolder } from '../../support/folder.js';
import {
  DESTINATION,
  exposure,
  IDS,
  type Kit,
  send,
  startOutbox,
  stored,
  until,
  visitorsOf,
} from '../fakes.js';
import { fakeDisk, type FakeDisk } from './fake-disk.js';

const PROJECT = `${DESTINATION.accountId}-${DESTINATION.projectId}`;
/** Others are looked at sooner than in production. */
const SOON = { beat: 30, lease: 200 };

let spools = 0;
const fresh = (): string => join(folder, String((spools += 1)));
const folder = temporaryFolder('forget', afterAll);

const open = (path: string, options: Partial<OutboxOptions> = {}, files?: SpoolFiles): Kit =>
  startOutbox(spoolOutbox(path, { ...SOON, ...(files && { files }) }), { lingerMs: 0, ...options });
const onDisk = (disk: FakeDisk, options: Partial<OutboxOptions> = {}): Kit => open('/spool', options, disk);

const tombstonesIn = async (path: string): Promise<string[]> =>
  (await readdir(join(path, PROJECT)))
    .filter((name) => name.endsWith('.forgotten'))
    .map((name) => join(path, PROJECT, name));
const forget = async ({ outbox }: Kit, ...ids: string[]): Promise<void> => outbox.forget?.(ids);
const without =
  (...gone: string[]): ((id: string) => boolean) =>
  (id) =>
    !gone.includes(id);

it('drops what is on disk alone, in its turn, and nobody waits for it in vain', async () => {
  const kit = open(fresh(), { maxQueueBytes: 64 * 1024, maxBatchEvents: 10 });
  for (const id of IDS) {
    send(kit, [id]);
    if (kit.outbox.stats().volatile > 100) await stored(kit);
  }
  await stored(kit);
  expect(kit.outbox.ledger().spooled).toBeGreaterThan(4000);
  const gone = ['visitor-60', 'visitor-4000', 'visitor-4999'];
  await forget(kit, ...gone);
  send(kit, ['visitor-4000']);
  kit.transport.always(200);
  expect(await kit.outbox.flush(20_000)).toMatchObject({
    accepted: 5001,
    delivered: 4998,
    pending: 0,
    spooled: 0,
    reasons: { forgotten: 3 },
  });
  expect(visitorsOf(kit.transport)).toEqual([...IDS.filter(without(...gone)), 'visitor-4000']);
  expect(kit.outbox.stats().queueBytes).toBe(0);
});

it('is heard of by a live process of the same folder', async () => {
  const path = fresh();
  const live = open(path, { maxQueueBytes: 64 * 1024, maxBatchEvents: 10 });
  for (const id of IDS.slice(0, 1000)) {
    send(live, [id]);
    if (live.outbox.stats().volatile > 100) await stored(live);
  }
  const late = live.outbox.offer([exposure('visitor-600', 'late')]);
  await until(() => live.transport.open().length === 1);
  const other = open(path);
  await forget(other, 'visitor-5', 'visitor-50', 'visitor-600');
  // The first one of them is under way, and one on disk alone.
  await until(() => live.outbox.ledger().reasons.forgotten === 1);
  late.confirm();
  send(live, ['visitor-50']);
  live.transport.open()[0]!.answer(503);
  live.transport.always(200);
  expect(await live.outbox.flush(20_000)).toMatchObject({ delivered: 998, reasons: { forgotten: 4 } });
  const again = visitorsOf(live.transport).slice(10);
  expect(again).toEqual([
    ...IDS.slice(0, 1000).filter(without('visitor-5', 'visitor-50', 'visitor-600')),
    'visitor-50',
  ]);
});

it('keeps no id, for its owner only, and no longer than what is sent', async () => {
  const path = fresh();
  const kit = open(path);
  await forget(kit, 'visitor-1', 'visitor-2');
  const [file, ...others] = await tombstonesIn(path);
  expect(others).toEqual([]);
  expect((await stat(file!)).mode & 0o777).toBe(0o600);
  const text = await readFile(file!, 'utf8');
  expect(text.trim().split(/\n+/)).toHaveLength(2);
  expect(text).not.toContain('visitor');
  await kit.outbox.close(0);
  expect(await tombstonesIn(path)).toEqual([file]);

  const next = open(path);
  send(next, ['v']);
  await stored(next);
  await forget(next, 'visitor-3');
  expect(await tombstonesIn(path)).toHaveLength(2);
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime(Date.now() + 73 * 60 * 60 * 1000);
  await vi.waitUntil(async () => (await tombstonesIn(path)).length === 1, 30_000);
});

it('has an effect on what was stored before it alone, though it is stored together', async () => {
  const path = fresh();
  const first = open(path);
  send(first, ['a']);
  await stored(first);
  send(first, ['v1', 'b']);
  const forgotten = forget(first, 'v1');
  first.outbox.offer([exposure('v1', 'back')]).confirm();
  send(first, ['c']);
  await forgotten;
  expect(await first.outbox.close(0)).toMatchObject({ spooled: 4, reasons: { forgotten: 1 } });

  const second = open(path);
  second.transport.always(200);
  await until(() => second.outbox.ledger().delivered === 4);
  expect(visitorsOf(second.transport)).toEqual(['a', 'b', 'v1', 'c']);
  expect(second.outbox.ledger()).toMatchObject({ accepted: 4, dropped: 0 });
});

it('is known to whoever takes over what is there, though a part of what says so is torn', async () => {
  const path = fresh();
  const first = open(path);
  send(first, ['v1', 'v2', 'v3', 'v4']);
  await stored(first);
  await first.outbox.close(0);
  const logs = await readdir(join(path, PROJECT));

  // Of processes that were killed: one in the middle of a line.
  const forgets = async (id: string): Promise<string> => {
    const elsewhere = fresh();
    const kit = open(elsewhere);
    await forget(kit, id);
    const [file] = await tombstonesIn(elsewhere);
    return readFile(file!, 'utf8');
  };
  const [one, two, three] = [await forgets('v1'), await forgets('v2'), await forgets('v3')];
  const name = join(path, PROJECT, '0123456789ab.forgotten');
  await writeFile(name, `${one}${two.slice(0, 40)}${three}`);
  const cut = join(path, PROJECT, '0123456789ac.forgotten');
  await writeFile(cut, await forgets('v4'));
  await truncate(cut, 70);
  await writeFile(join(path, PROJECT, '0123456789ad.forgotten'), `${'x'.repeat(200_000)}`);
  expect((await readdir(join(path, PROJECT))).length).toBe(logs.length + 3);

  const heir = open(path);
  heir.transport.always(200);
  await until(() => heir.outbox.ledger().accepted === 4);
  expect(await heir.outbox.flush(30_000)).toMatchObject({ delivered: 2, reasons: { forgotten: 2 } });
  expect(visitorsOf(heir.transport)).toEqual(['v2', 'v4']);
});

it('rejects where the disk does not take it, and cleans the memory all the same', async () => {
  const disk = fakeDisk();
  const kit = onDisk(disk, { maxBatchEvents: 1 });
  send(kit, ['a', 'v1', 'v2']);
  await stored(kit);
  for (const fail of [() => (disk.failure = 'EROFS'), () => (disk.room = 0)]) {
    fail();
    await expect(forget(kit, 'v1')).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
    await expect(forget(kit, 'v1')).rejects.not.toThrow('v1');
    disk.failure = undefined;
  }
  expect(kit.outbox.ledger()).toMatchObject({ dropped: 1, reasons: { forgotten: 1 } });
  // Others would not know.
  disk.room = Infinity;
  await forget(kit, 'v1');
  await kit.outbox.close(0);
  const heir = onDisk(disk);
  heir.transport.always(200);
  await until(() => heir.outbox.ledger().delivered === 2);
  expect(visitorsOf(heir.transport)).toEqual(['a', 'v2']);
});

it('before the spool could be opened, is out of memory, and rejects', async () => {
  const disk = fakeDisk();
  disk.failure = 'EROFS';
  const kit = onDisk(disk);
  send(kit, ['v1', 'v2', 'v1']);
  await until(() => kit.transport.open().length === 1);
  send(kit, ['v1', 'v2']);
  await expect(forget(kit, 'v1')).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
  disk.failure = undefined;
  kit.transport.open()[0]!.answer(503);
  kit.transport.always(200);
  expect(await kit.outbox.flush(30_000)).toMatchObject({
    delivered: 2,
    pending: 0,
    reasons: { forgotten: 3 },
  });
});

it('leaves no gap among the numbers of what is stored later', async () => {
  const disk = fakeDisk();
  const first = onDisk(disk, { maxBatchEvents: 1 });
  await until(() => Object.keys(disk.files()).some((path) => path.endsWith('.lease')));
  disk.failure = 'ENOSPC';
  send(first, ['a', 'v1', 'b', 'v2']);
  await until(() => first.listener.errors.length === 1);
  send(first, ['v1', 'c', 'v1']);
  await forget(first, 'v1', 'v2').catch(() => undefined);
  send(first, ['v2', 'd']);
  disk.failure = undefined;
  await stored(first);
  await forget(first, 'v1');
  // What is settled, and what is not, is known by its number.
  for (const done of [1, 2]) {
    await until(() => first.transport.open().length === 1);
    first.transport.open()[0]!.answer(200);
    await until(() => first.outbox.ledger().delivered === done);
  }
  await first.outbox.close(0);
  const heir = onDisk(disk);
  heir.transport.always(200);
  await until(() => heir.outbox.ledger().delivered >= 3);
  expect(visitorsOf(heir.transport)).toEqual(['c', 'v2', 'd']);
  expect(heir.outbox.ledger()).toMatchObject({ accepted: 3, dropped: 0 });
});

it.each([0, 0.3, 0.6, 0.99])('survives a power cut once it resolves: %d', async (random) => {
  const disk = fakeDisk();
  // It shows no sign of life before the test is over.
  const first = startOutbox(spoolOutbox('/spool', { files: disk }), { maxBatchEvents: 1 });
  send(first, ['a', 'v1', 'b']);
  await stored(first);
  // The folder above is the operator's; what was stored is synced a little later.
  await disk.syncFolder('/');
  await sleep(250);
  await forget(first, 'v1');
  disk.cutPower(() => random);
  const heir = onDisk(disk);
  heir.transport.always(200);
  await until(() => heir.outbox.ledger().accepted === 3);
  expect(await heir.outbox.flush(30_000)).toMatchObject({ delivered: 2, reasons: { forgotten: 1 } });
  expect(visitorsOf(heir.transport)).toEqual(['a', 'b']);
});
