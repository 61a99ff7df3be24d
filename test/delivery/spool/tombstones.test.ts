/** Tombstones: what the spool keeps of visitors who were forgotten has to be on the disk before the call ends. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import type { Tombstone } from '../../../src/delivery/spool/erased-visitors.js';
import { spoolOutbox } from '../../../src/delivery/spool/spool-outbox.js';
import { Tombstones } from '../../../src/delivery/spool/tombstones.js';
import { send, startOutbox, stored } from '../fakes.js';
import { fakeDisk, type FakeDisk } from './fake-disk.js';

it('tells that a tombstone did not reach the disk', async () => {
  const disk = fakeDisk();
  const kit = startOutbox(spoolOutbox('/spool', { files: disk }), { maxBatchEvents: 1 });
  send(kit, ['a', 'v1']);
  await stored(kit);
  const create = disk.create.bind(disk);
  disk.create = async (path) => {
    const file = await create(path);
    if (!path.endsWith('.forgotten')) return file;
    return {
      ...file,
      sync: async () => Promise.reject(Object.assign(new Error('no disk'), { code: 'EIO' })),
    };
  };
  await expect((async () => kit.outbox.forget?.(['v1']))()).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
});

const PATH = '/project';
const HOUR = 60 * 60 * 1000;

const tombstone = (nth: number, at: number): Tombstone => ({
  hash: createHash('sha256').update(String(nth)).digest('hex'),
  at,
});

/** A tombstone as another process writes it. */
function line({ hash, at }: Tombstone): string {
  const text = `${hash} ${at}`;
  return `\n${text} ${crc32(text).toString(16).padStart(8, '0')}\n`;
}

async function diskWith(text: string): Promise<{ disk: FakeDisk; append: (more: string) => Promise<void> }> {
  const disk = fakeDisk();
  await disk.makeFolder(PATH);
  const file = await disk.create(`${PATH}/0123456789ab.forgotten`);
  await file.append(Buffer.from(text));
  return { disk, append: (more) => file.append(Buffer.from(more)) };
}

it('H2: are all read, however many they are', async () => {
  const now = Date.now();
  const all = Array.from({ length: 3_000 }, (_, nth) => tombstone(nth, now - nth));
  const text = all.map(line).join('');
  expect(text.length).toBeGreaterThan(3 * 64 * 1024);
  const { disk } = await diskWith(text);
  const tombstones = new Tombstones(disk, PATH);
  expect(await tombstones.look()).toEqual(all);
  expect(await tombstones.look()).toEqual([]);
});

it('H2: are read once their line is complete', async () => {
  const [first, second] = [tombstone(1, Date.now()), tombstone(2, Date.now())];
  const text = line(second);
  const { disk, append } = await diskWith(text.slice(1, 40));
  const tombstones = new Tombstones(disk, PATH);
  expect(await tombstones.look()).toEqual([]);
  await append(text.slice(40) + line(first).slice(0, 40));
  expect(await tombstones.look()).toEqual([second]);
  await append(line(first).slice(40));
  expect(await tombstones.look()).toEqual([first]);
});

it('H2: are found behind a damaged part that has no line end', async () => {
  const whole = tombstone(1, Date.now());
  const { disk } = await diskWith('x'.repeat(3 * 64 * 1024) + line(whole));
  expect(await new Tombstones(disk, PATH).look()).toEqual([whole]);
});

it('H2: stay as long as the latest of their file counts, wherever it stands', async () => {
  const [old, late] = [tombstone(1, Date.now() - 100 * HOUR), tombstone(2, Date.now())];
  for (const order of [
    [old, late],
    [late, old],
  ]) {
    const { disk } = await diskWith(order.map(line).join(''));
    await new Tombstones(disk, PATH).look();
    expect(Object.keys(disk.files())).toHaveLength(1);
  }
  const { disk } = await diskWith(line(old));
  await new Tombstones(disk, PATH).look();
  expect(disk.files()).toEqual({});
});

it('H2: are taken by no file that was closed', async () => {
  const { disk } = await diskWith('');
  const tombstones = new Tombstones(disk, PATH);
  await tombstones.add([tombstone(1, Date.now())]);
  await tombstones.close();
  const files = Object.keys(disk.files());
  await expect(tombstones.add([tombstone(2, Date.now())])).rejects.toMatchObject({ code: 'ECLOSED' });
  expect(Object.keys(disk.files())).toEqual(files);
});
