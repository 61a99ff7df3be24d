import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as tick, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SpoolFiles } from '../../../src/delivery/spool/files.js';
import type { SpoolFolderOptions } from '../../../src/delivery/spool/folder.js';
import { type SpoolOptions, spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import type { Destination, OutboxOptions } from '../../../src/delivery/types.js';
import { removeFolder } from '../../support/folder.js';
import {
  conversion,
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
import { ledgerProperty } from '../ledger.property.js';
import { outboxConformance } from '../outbox.conformance.js';
import { fakeDisk, type FakeDisk } from './fake-disk.js';
import { bounded, crowded, freshSpools } from './spool-kit.js';

const fresh = freshSpools();
/** What processes have left: leases and logs. */
const logsIn = async (path: string): Promise<string[]> =>
  (await readdir(join(path, PROJECT))).filter((name) => !name.endsWith('.folder'));
const PROJECT = `${DESTINATION.accountId}-${DESTINATION.projectId}`;

outboxConformance('spoolOutbox', bounded(fresh), { outlives: true });

it('keeps its ledger where hardly anything fits into memory', () => ledgerProperty(crowded));

function start(
  spool: string | SpoolOptions,
  options: Partial<OutboxOptions> = {},
  internals: SpoolFolderOptions & { files?: SpoolFiles } = {},
): Kit {
  return startOutbox(spoolOutbox(spool, internals), options);
}

/** As a process does that takes the only one there is for dead, right after that has asked. Returns its lease. */
async function takeFrom(disk: FakeDisk): Promise<string> {
  const heirs = `/spool/${PROJECT}/0123456789ab.lease`;
  await disk.create(heirs);
  const lease = Object.keys(disk.files()).find((path) => path.endsWith('.lease') && path !== heirs)!;
  await disk.rename(lease.replace('.lease', '-0'), heirs.replace('.lease', '-0'));
  await disk.remove(lease);
  return heirs;
}

describe('a spool', () => {
  it('E2: a close in the middle of a search for refused events loses none of the others', async () => {
    for (const stopAfter of [2, 3, 4, 5, 6, 8, 10]) {
      const path = fresh();
      const refuse = (visitors: readonly string[]): number => (visitors.includes('visitor-10') ? 400 : 200);
      const first = start(path, { lingerMs: 0 });
      first.outbox.offer(IDS.slice(0, 201).map((id) => exposure(id))).confirm();
      await stored(first);
      for (let n = 0; n < stopAfter; n++) {
        await until(() => first.transport.open().length === 1);
        for (const post of first.transport.open()) post.answer(refuse(post.visitors));
      }
      await until(() => first.transport.open().length === 1 || first.outbox.ledger().pending === 0);
      await first.outbox.close(0);

      const second = start(path, { lingerMs: 0 });
      const { transport } = second;
      await until(() => {
        for (const post of transport.open()) post.answer(refuse(post.visitors));
        const { delivered, rejected } = second.outbox.ledger();
        return delivered + rejected + first.outbox.ledger().delivered + first.outbox.ledger().rejected >= 201;
      });
      await second.outbox.close(1000);
      const taken = [...first.transport.posts, ...transport.posts]
        .filter(({ visitors }) => refuse(visitors) === 200)
        .flatMap(({ visitors }) => visitors);
      expect(new Set(taken).size).toBe(200);
    }
  });

  it('keeps what one process could not deliver for the next one, in order, and leaves nothing behind', async () => {
    const path = fresh();
    const first = start(path);
    send(first, IDS);
    expect(await first.outbox.close(0)).toMatchObject({ accepted: 5000, spooled: 5000, dropped: 0 });

    const second = start(path);
    second.transport.always(200);
    await until(() => second.outbox.ledger().delivered === 5000);
    expect(visitorsOf(second.transport)).toEqual(IDS);
    expect(await second.outbox.close(1000)).toMatchObject({ accepted: 5000, delivered: 5000, spooled: 0 });
    expect(await logsIn(path)).toEqual([]);
  });

  it('keeps segments and conversion data as they were', async () => {
    const path = fresh();
    const first = start(path);
    const segments = { country: 'DE', devices: ['DESK'], source: 'tab\there "quoted" \u2028' };
    const goalData = [{ key: 'amount' as const, value: 10.5 }];
    first.outbox.offer([{ ...exposure('v1'), segments }, conversion('v1', { goalData })]).confirm();
    await until(() => first.transport.open().length === 1);
    await first.outbox.close(0);
    const second = start(path);
    await until(() => second.transport.open().length === 1);
    expect(second.transport.posts[0]!.text).toBe(first.transport.posts[0]!.text);
  });

  it('sends nothing twice that was delivered, acknowledges what it can, and is exact at the end', async () => {
    const path = fresh();
    const first = start(path, { maxBatchEvents: 100, lingerMs: 0 });
    send(first, IDS.slice(0, 1000));
    for (let post = 0; post < 4; post++) {
      await until(() => first.transport.open().length === 1);
      first.transport.open()[0]!.answer(200);
    }
    await until(() => first.outbox.ledger().delivered === 400);
    expect(await first.outbox.close(0)).toMatchObject({ delivered: 400, spooled: 600 });
    const second = start(path);
    second.transport.always(200);
    await until(() => second.outbox.ledger().delivered === 600);
    expect(visitorsOf(second.transport)).toEqual(IDS.slice(400, 1000));
  });

  it('holds in memory no more than it may, and the rest on disk alone', async () => {
    const kit = start(fresh(), { maxQueueBytes: 64 * 1024, lingerMs: 0 });
    let refused = 0;
    for (const id of IDS) {
      const offer = kit.outbox.offer([exposure(id)]);
      refused += offer.refused.size;
      offer.confirm();
      if (refused === 0 && kit.outbox.stats().volatile > 100) await stored(kit);
    }
    expect(refused).toBe(0);
    await stored(kit);
    const { pending, spooled, accepted } = kit.outbox.ledger();
    expect(accepted).toBe(5000);
    expect(spooled).toBeGreaterThan(4000);
    expect(pending).toBeLessThan(500);
    kit.transport.always(200);
    expect(await kit.outbox.flush(20_000)).toMatchObject({ delivered: 5000, pending: 0, spooled: 0 });
    expect(visitorsOf(kit.transport)).toEqual(IDS);
    expect(kit.outbox.stats().queueBytes).toBe(0);
  });

  it('refuses what the disk can not take as fast as it comes', async () => {
    const disk = fakeDisk();
    let release = (): void => {};
    const slow = new Promise<void>((resolve) => (release = resolve));
    const files: SpoolFiles = { ...disk, create: (path) => slow.then(() => disk.create(path)) };
    const kit = start('/spool', { maxQueueBytes: 10_000 }, { files });
    const offers = IDS.slice(0, 200).map((id) => kit.outbox.offer([exposure(id)]));
    for (const offer of offers) offer.confirm();
    send(kit, IDS.slice(200, 300));
    expect(kit.outbox.ledger().reasons.overflow).toBeGreaterThan(100);
    release();
    kit.transport.always(200);
    const { accepted, delivered, dropped } = await kit.outbox.flush(30_000);
    expect(delivered + dropped).toBe(accepted);
  });

  it('keeps a tenth of its room for conversions', () => {
    const { outbox } = start({ path: fresh(), maxBytes: 10_000 });
    for (const id of IDS.slice(0, 200)) outbox.offer([exposure(id)]).confirm();
    expect(outbox.stats().queueBytes).toBeLessThanOrEqual(9_000);
    expect(outbox.offer([conversion('buyer')]).refused.size).toBe(0);
  });

  it('delivers from memory while the disk is full, says so once, and stores again when it is not', async () => {
    const disk = fakeDisk();
    const kit = start('/spool', { lingerMs: 0 }, { files: disk });
    send(kit, IDS.slice(0, 10));
    await stored(kit);
    disk.room = 0;
    send(kit, IDS.slice(10, 20));
    await until(() => kit.listener.errors.length === 1);
    expect(kit.listener.errors[0]).toMatchObject({ code: 'CONVERT_SPOOL' });
    expect(kit.listener.errors[0]!.message).toContain('ENOSPC');
    expect(kit.outbox.stats().volatile).toBe(10);
    kit.transport.always(200);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 20, pending: 0, dropped: 0 });
    expect(visitorsOf(kit.transport)).toEqual(IDS.slice(0, 20));

    kit.transport.always(undefined);
    send(kit, IDS.slice(20, 30));
    disk.room = Infinity;
    await stored(kit);
    expect(kit.listener.errors).toHaveLength(1);
    expect(kit.listener.recoveries).toContain('events are written to the spool again');
    expect(await kit.outbox.close(0)).toMatchObject({ spooled: 10, dropped: 0 });
    const next = start('/spool', {}, { files: disk });
    next.transport.always(200);
    await until(() => next.outbox.ledger().delivered === 10);
    expect(visitorsOf(next.transport)).toEqual(IDS.slice(20, 30));
  });

  it('works in memory in a folder that can not be written, and says so', async () => {
    const disk = fakeDisk();
    disk.failure = 'EROFS';
    const kit = start('/spool', {}, { files: disk });
    send(kit, ['v1']);
    await until(() => kit.listener.errors.length === 1);
    expect(kit.listener.errors[0]!.message).toContain('EROFS');
    kit.transport.always(200);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 1 });
    send(kit, ['v2']);
    kit.transport.always(undefined);
    expect(await kit.outbox.close(0)).toMatchObject({ spooled: 0, dropped: 1, reasons: { closed: 1 } });
  });

  it('stores again after a failure that was over when nothing was left to store', async () => {
    const disk = fakeDisk();
    disk.failure = 'EACCES';
    const kit = start('/spool', { lingerMs: 0 }, { files: disk });
    kit.transport.always(200);
    send(kit, ['v1']);
    await kit.outbox.flush(30_000);
    await until(() => kit.listener.errors.length === 1);
    disk.failure = undefined;
    kit.transport.always(undefined);
    await until(() => Object.keys(disk.files()).some((path) => path.endsWith('.lease')));
    send(kit, ['v2']);
    await stored(kit);

    disk.room = 0;
    send(kit, ['v3']);
    await until(() => kit.listener.errors.length === 2);
    kit.transport.always(200);
    await kit.outbox.flush(30_000);
    disk.room = Infinity;
    // The next attempt on the disk finds nothing to store.
    await sleep(1500);
    kit.transport.always(undefined);
    send(kit, ['v4']);
    await stored(kit);
    expect(kit.listener.errors).toHaveLength(2);
  });

  it('delivers all from memory where the endpoint works again and the disk does not', async () => {
    const disk = fakeDisk();
    const kit = start('/spool', { lingerMs: 0, maxQueueBytes: 40_000 }, { files: disk });
    send(kit, ['first']);
    await stored(kit);
    disk.room = 0;
    for (let n = 0; kit.outbox.ledger().dropped === 0; n++) send(kit, [`more-${n}`]);
    const { pending } = kit.outbox.ledger();
    kit.transport.always(200);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: pending, pending: 0 });
  });

  it('loses nothing that it can not read for a while, of its own or of another', async () => {
    const disk = fakeDisk();
    const first = start('/spool', {}, { files: disk });
    send(first, IDS.slice(0, 100));
    await first.outbox.close(0);

    const internals = { files: disk, beat: 20, lease: 200 };
    const kit = start('/spool', { maxQueueBytes: 60_000, lingerMs: 0 }, internals);
    for (const id of IDS.slice(100, 700)) {
      send(kit, [id]);
      if (kit.outbox.stats().volatile > 20) await stored(kit);
    }
    await stored(kit);
    expect(kit.outbox.ledger()).toMatchObject({ dropped: 0 });
    expect(kit.outbox.ledger().spooled).toBeGreaterThan(100);
    disk.openFailure = 'EMFILE';
    kit.transport.always(200);
    await sleep(300);
    expect(kit.outbox.ledger()).toMatchObject({ dropped: 0 });
    disk.openFailure = undefined;
    await until(() => kit.outbox.ledger().delivered === 700);
    expect(visitorsOf(kit.transport).sort()).toEqual(IDS.slice(0, 700).sort());
  });

  it('keeps room for conversions in memory, too', async () => {
    const disk = fakeDisk();
    disk.failure = 'EROFS';
    const kit = start('/spool', { maxQueueBytes: 10_000 }, { files: disk });
    send(kit, IDS.slice(0, 200));
    expect(kit.outbox.ledger().dropped).toBeGreaterThan(0);
    for (const id of IDS.slice(0, 4)) expect(kit.outbox.offer([conversion(id)]).refused.size).toBe(0);
  });

  it('is left to others at the end, whatever the disk meets there', async () => {
    const disk = fakeDisk();
    const kit = start('/spool', {}, { files: disk });
    send(kit, IDS.slice(0, 5));
    await stored(kit);
    disk.failure = 'EIO';
    expect(await kit.outbox.close(0)).toMatchObject({ spooled: 5 });
    disk.failure = undefined;
    expect(Object.keys(disk.files()).filter((path) => path.endsWith('.lease'))).toEqual([]);
  });

  it('takes from a dead process what it can at once, and the rest later', async () => {
    const disk = fakeDisk();
    for (const from of [0, 10, 20, 30]) {
      const kit = start('/spool', {}, { files: { ...disk, list: async () => [] } });
      send(kit, IDS.slice(from, from + 10));
      await kit.outbox.close(0);
    }
    let [renames, opens] = [0, 0];
    const files: SpoolFiles = {
      ...disk,
      async rename(...paths) {
        if (++renames === 2) throw Object.assign(new Error('busy'), { code: 'EPERM' });
        await disk.rename(...paths);
      },
      async open(...how) {
        if (++opens === 2) throw Object.assign(new Error('many'), { code: 'EMFILE' });
        return disk.open(...how);
      },
    };
    const heir = start('/spool', {}, { files, beat: 20, lease: 100 });
    heir.transport.always(200);
    await until(() => heir.outbox.ledger().delivered === 40);
    expect(visitorsOf(heir.transport).sort()).toEqual(IDS.slice(0, 40).sort());
  });

  it('of a dead process that is taken during a close is sent whole by then, and once', async () => {
    const disk = fakeDisk();
    const internals = { files: disk, beat: 20, lease: 10_000 };
    const heir = start('/spool', { maxBatchEvents: 100 }, internals);
    send(heir, IDS.slice(0, 100));
    await until(() => heir.transport.open().length === 1);
    const closed = heir.outbox.close(30_000);
    const dead = start('/spool', {}, { files: { ...disk, list: async () => [] } });
    send(dead, IDS.slice(100, 400));
    await dead.outbox.close(0);
    await until(() => heir.outbox.ledger().accepted > 100);
    heir.transport.open()[0]!.answer(200);
    await until(() => heir.transport.open().length === 1);
    expect(await Promise.race([closed, sleep(300, 'still open')])).toBe('still open');
    heir.transport.always(200);
    expect(await closed).toMatchObject({ accepted: 400, delivered: 400, spooled: 0, pending: 0, dropped: 0 });
    expect(visitorsOf(heir.transport)).toEqual(IDS.slice(0, 400));
    expect(Object.keys(disk.files()).filter((path) => !path.endsWith('.folder'))).toEqual([]);
  });

  it('whose lease somebody took away asks whether its log is still its own', async () => {
    const disk = fakeDisk();
    const internals = { files: disk, beat: 20, lease: 10_000 };
    const owner = start('/spool', { lingerMs: 0 }, internals);
    send(owner, IDS.slice(0, 10));
    await stored(owner);
    const heirs = await takeFrom(disk);
    // It has sent all that it found, too.
    for (const path of Object.keys(disk.files())) if (path.includes('ab-0/')) await disk.remove(path);
    await disk.removeFolder(heirs.replace('.lease', '-0'));
    await sleep(100);
    send(owner, IDS.slice(10, 20));
    await stored(owner);
    await owner.outbox.close(0);
    await disk.remove(heirs);
    const heir = start('/spool', {}, { files: disk, beat: 20, lease: 100 });
    heir.transport.always(200);
    await until(() => heir.outbox.ledger().delivered === 10);
    expect(visitorsOf(heir.transport)).toEqual(IDS.slice(10, 20));
  });

  it('whose log is lost at the close stores the rest in another one, and is over then', async () => {
    const disk = fakeDisk();
    // Slow, so that the loss is found out in the middle of the close.
    const files: SpoolFiles = {
      ...disk,
      makeFolder: (...how) => sleep(5).then(() => disk.makeFolder(...how)),
      inspect: (path) => sleep(30).then(() => disk.inspect(path)),
    };
    const owner = start('/spool', {}, { files, beat: 20, lease: 10_000 });
    send(owner, IDS.slice(0, 5));
    await stored(owner);
    const heirs = await takeFrom(disk);
    await sleep(60);
    send(owner, IDS.slice(5, 10));
    expect(await owner.outbox.close(0)).toMatchObject({ spooled: 10, dropped: 0 });
    await sleep(60);
    expect(Object.keys(disk.files()).filter((path) => path.endsWith('.lease'))).toEqual([heirs]);
  });

  it.each(['stays away', 'is made again by another process'])(
    'whose folder is deleted and %s stores what it has once more',
    async (after) => {
      const path = fresh();
      const internals = { beat: 20, lease: 400 };
      const kit = start(path, { maxQueueBytes: 60_000 }, internals);
      for (const id of IDS.slice(0, 600)) {
        send(kit, [id]);
        if (kit.outbox.stats().volatile > 20) await stored(kit);
      }
      await stored(kit);
      const { pending, spooled } = kit.outbox.ledger();
      expect(spooled).toBeGreaterThan(100);
      await removeFolder(path);
      if (after !== 'stays away') {
        const other = start(path, {}, internals);
        send(other, ['other']);
        await stored(other);
      }
      await until(() => kit.listener.errors.some(({ message }) => message.includes('somebody deleted')));
      send(kit, ['late']);
      await stored(kit);
      expect(await kit.outbox.close(0)).toMatchObject({
        spooled: pending + 1,
        dropped: spooled,
        reasons: { corrupt: spooled },
      });

      const heir = start(path, {}, internals);
      heir.transport.always(200);
      await until(() => heir.outbox.ledger().delivered === pending + 1);
      expect(visitorsOf(heir.transport)).toEqual([...IDS.slice(0, pending), 'late']);
    },
  );

  it('stores what another process had left, too, once more where the folder is deleted', async () => {
    const path = fresh();
    const dead = start(path);
    send(dead, IDS.slice(0, 10));
    await dead.outbox.close(0);
    const internals = { beat: 20, lease: 400 };
    const kit = start(path, {}, internals);
    await until(() => kit.outbox.ledger().accepted === 10);
    send(kit, IDS.slice(10, 20));
    await removeFolder(path);
    expect(await kit.outbox.close(0)).toMatchObject({ spooled: 20, dropped: 0 });
    const heir = start(path, {}, internals);
    heir.transport.always(200);
    await until(() => heir.outbox.ledger().delivered === 20);
    expect(visitorsOf(heir.transport)).toEqual(IDS.slice(0, 20));
  });

  it('counts at the close what it knows then, whatever a slow disk does afterwards', async () => {
    const disk = fakeDisk();
    let release = (): void => {};
    const hung = new Promise<void>((resolve) => (release = resolve));
    const files: SpoolFiles = { ...disk, create: (path) => hung.then(() => disk.create(path)) };
    const kit = start('/spool', {}, { files });
    send(kit, ['v1']);
    const ledger = await kit.outbox.close(0);
    expect(ledger).toMatchObject({ accepted: 1, pending: 0, spooled: 0, reasons: { closed: 1 } });
    release();
    await sleep(50);
    expect(kit.outbox.ledger()).toEqual(ledger);
  });

  it('syncs what it has stored, so that a power cut takes little of it', async () => {
    const disk = fakeDisk();
    const kit = start('/spool', {}, { files: disk });
    send(kit, IDS.slice(0, 10));
    await stored(kit);
    // The first ones go at once, what follows after 0.1 s.
    await sleep(50);
    send(kit, IDS.slice(10, 20));
    await stored(kit);
    await sleep(250);
    disk.cutPower(() => 0);
    const heir = start('/spool', {}, { files: disk, beat: 20, lease: 100 });
    heir.transport.always(200);
    await until(() => heir.outbox.ledger().delivered === 20);
    expect(visitorsOf(heir.transport)).toEqual(IDS.slice(0, 20));
  });

  it('has all of its memory for events where it can store none', async () => {
    const disk = fakeDisk();
    disk.failure = 'EROFS';
    const kit = start('/spool', { maxQueueBytes: 100_000 }, { files: disk });
    let taken = 0;
    for (const id of IDS) {
      const offer = kit.outbox.offer([exposure(id)]);
      offer.confirm();
      taken += 1 - offer.refused.size;
    }
    expect(taken).toBeGreaterThan(0);
    expect(kit.outbox.stats().queueBytes).toBeGreaterThan(88_000);
  });

  it('may be in a folder that a link leads to', async () => {
    const elsewhere = fresh();
    await mkdir(elsewhere);
    const path = fresh();
    await symlink(elsewhere, path);
    const kit = start(path);
    send(kit, ['v1']);
    await stored(kit);
    // With the links of its path synced.
    await sleep(200);
    expect(kit.listener.errors).toEqual([]);
    expect(await readdir(elsewhere)).toEqual([PROJECT]);
  });

  it('on a disk that does not answer delivers all the same', async () => {
    const disk = fakeDisk();
    let isHung = false;
    const files: SpoolFiles = {
      ...disk,
      touch: (path) => (isHung ? new Promise<void>(() => {}) : disk.touch(path)),
    };
    const kit = start('/spool', { lingerMs: 0 }, { files, beat: 20, lease: 100 });
    send(kit, ['v1']);
    await stored(kit);
    isHung = true;
    await sleep(200);
    kit.transport.always(200);
    send(kit, ['v2']);
    expect(await kit.outbox.flush(30_000)).toMatchObject({ delivered: 2 });
  });

  it('opens with the first event, and not some time after', async () => {
    const disk = fakeDisk();
    const project: { destination?: Destination } = {};
    // What is asked again in a while is never asked.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const kit = start('/spool', { destination: () => project.destination }, { files: disk });
    project.destination = DESTINATION;
    send(kit, ['v1']);
    for (let n = 0; n < 100; n++) await tick();
    expect(Object.keys(disk.files()).filter((path) => path.endsWith('.lease'))).toHaveLength(1);
    vi.useRealTimers();
  });

  it('counts what was stored and can not be read any more', async () => {
    const path = fresh();
    const first = start(path);
    send(first, IDS.slice(0, 100));
    await stored(first);
    send(first, IDS.slice(100, 150));
    await stored(first);
    send(first, IDS.slice(150, 200));
    await first.outbox.close(0);
    const [log] = (await readdir(join(path, PROJECT))).filter((name) => name.includes('-'));
    const [segment] = (await readdir(join(path, PROJECT, log!))).filter((name) => name.endsWith('.log'));
    const file = join(path, PROJECT, log!, segment!);
    const text = (await readFile(file, 'utf8')).replace('visitor-120"', 'visitor-12O"');
    await writeFile(file, text);

    const second = start(path);
    second.transport.always(200);
    await until(() => second.outbox.ledger().accepted === 200);
    await second.outbox.flush(30_000);
    const { delivered, reasons } = second.outbox.ledger();
    expect(reasons.corrupt).toBeGreaterThanOrEqual(1);
    expect(delivered).toBe(200 - reasons.corrupt!);
    expect(visitorsOf(second.transport)).not.toContain('visitor-120');
  });

  it('counts what it spilled itself and can not read any more', async () => {
    const disk = fakeDisk();
    const kit = start('/spool', { maxQueueBytes: 20_000, lingerMs: 0 }, { files: disk, segmentBytes: 2_000 });
    for (const id of IDS.slice(0, 600)) {
      send(kit, [id]);
      if (kit.outbox.stats().volatile > 20) await stored(kit);
    }
    await stored(kit);
    const segments = Object.keys(disk.files()).filter((path) => path.endsWith('.log'));
    for (const path of segments.slice(-3)) await disk.remove(path);
    kit.transport.always(200);
    const ledger = await kit.outbox.flush(30_000);
    expect(ledger.reasons.corrupt).toBeGreaterThan(3);
    expect(ledger.delivered).toBe(600 - ledger.reasons.corrupt!);
    expect(ledger).toMatchObject({ accepted: 600, pending: 0, spooled: 0 });
    expect(kit.outbox.stats().queueBytes).toBe(0);
  });

  it('sends nothing that is older than 72 hours, whatever an hour more or less says of the rest', async () => {
    const path = fresh();
    const first = start(path);
    send(first, ['fresh']);
    await stored(first);
    await first.outbox.close(0);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 71 * 60 * 60 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    const second = start(path);
    await until(() => second.transport.open().length === 1);
    await second.outbox.close(0);
    vi.setSystemTime(Date.now() + 2 * 60 * 60 * 1000);
    const third = start(path);
    await until(() => third.outbox.ledger().accepted === 1);
    expect(third.outbox.ledger()).toMatchObject({ dropped: 1, reasons: { expired: 1 } });
    await third.outbox.close(0);
    expect(await logsIn(path)).toEqual([]);
  });

  it('is for its owner only, and follows no link', async () => {
    const path = fresh();
    const kit = start(path);
    send(kit, ['v1']);
    await stored(kit);
    const project = join(path, PROJECT);
    const mode = async (...names: string[]): Promise<number> =>
      (await stat(join(project, ...names))).mode & 0o777;
    expect(await mode()).toBe(0o700);
    for (const name of await readdir(project)) {
      if (!name.includes('-')) expect(await mode(name)).toBe(0o600);
      else {
        expect(await mode(name)).toBe(0o700);
        for (const file of await readdir(join(project, name))) expect(await mode(name, file)).toBe(0o600);
      }
    }

    const linked = fresh();
    const elsewhere = fresh();
    await mkdir(linked);
    await mkdir(elsewhere);
    await symlink(elsewhere, join(linked, PROJECT));
    const other = start(linked);
    send(other, ['v1']);
    await until(() => other.listener.errors.length === 1);
    expect(other.listener.errors[0]!.message).toContain('is a symbolic link');
    expect(await readdir(elsewhere)).toEqual([]);

    // As if it were the log of a dead process. The first one must not take over what the next one leaves.
    await kit.outbox.close(0);
    await writeFile(join(elsewhere, 'photo.jpg'), '');
    await symlink(elsewhere, join(project, 'aaaaaaaaaaaa-0'));
    const dead = start(path, {}, { beat: 20, lease: 100 });
    send(dead, ['v2']);
    await stored(dead);
    await dead.outbox.close(0);
    const heir = start(path, {}, { beat: 20, lease: 100 });
    heir.transport.always(200);
    await until(() => heir.outbox.ledger().delivered === 2);
    // It has looked some times more.
    await sleep(200);
    expect(await readdir(elsewhere)).toEqual(['photo.jpg']);
    expect(heir.listener.errors).toEqual([]);
  });

  it('takes a project folder of its own away from others', async () => {
    const path = fresh();
    await mkdir(join(path, PROJECT), { recursive: true });
    await chmod(join(path, PROJECT), 0o777);
    const kit = start(path);
    send(kit, ['v1']);
    await stored(kit);
    expect((await stat(join(path, PROJECT))).mode & 0o777).toBe(0o700);
  });

  it('of a live process is left alone, and of several dead ones is taken by one', async () => {
    const path = fresh();
    // A busy machine must not take the live one for dead.
    const internals = { beat: 100, lease: 1_000 };
    const live = start(path, {}, internals);
    send(live, IDS.slice(0, 50));
    await stored(live);
    const dead = [50, 100, 150].map((from) => {
      const kit = start(path, {}, internals);
      send(kit, IDS.slice(from, from + 50));
      return kit;
    });
    for (const kit of dead) await kit.outbox.close(0);
    const heirs = [start(path, {}, internals), start(path, {}, internals)];
    for (const { transport } of heirs) transport.always(200);
    const delivered = (): number => heirs.reduce((sum, { outbox }) => sum + outbox.ledger().delivered, 0);
    await until(() => delivered() === 150);
    await sleep(2_000);
    expect(delivered()).toBe(150);
    const arrived = heirs.flatMap(({ transport }) => visitorsOf(transport)).sort();
    expect(arrived).toEqual(IDS.slice(50, 200).sort());
    live.transport.always(200);
    expect(await live.outbox.flush(30_000)).toMatchObject({ delivered: 50 });
  });
});

it('F7: leaves what other versions keep in other formats alone, tells it once, and counts it', async () => {
  const path = fresh();
  const newer = join(path, `${PROJECT}.v99`);
  await mkdir(join(newer, '3f9a1c0be2d4-0'), { recursive: true });
  await writeFile(join(newer, '3f9a1c0be2d4-0', '0000000000000000-0.log'), '?');
  await mkdir(join(path, 'another-project.v99'));
  for (let n = 0; n < 2; n++) {
    const kit = start(path);
    kit.transport.always(200);
    send(kit, IDS.slice(0, 3));
    await until(() => kit.outbox.stats().otherFormats === 1);
    expect((await kit.outbox.flush(5_000)).delivered).toBe(3);
    await kit.outbox.close(1_000);
    expect(kit.listener.errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('the format of another version of this package'),
    ]);
  }
  expect(await readFile(join(newer, '3f9a1c0be2d4-0', '0000000000000000-0.log'), 'utf8')).toBe('?');
  expect(await readdir(newer)).toEqual(['3f9a1c0be2d4-0']);
});
