/** Orders that wait on disk, and outlive their process. */
import { readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FolderOrderFiles } from '../../src/convert/order-files.js';
import { temporaryFolder } from '../support/folder.js';

const NAME = '1001-2002.orders';
/** Milliseconds without a touch after which an owner counts as dead. */
const LEASE = 200;

const isText = (value: unknown): value is string => typeof value === 'string';

/** An owner that lives on, or one that touches its lease only once, as if its process had ended then. */
const owner = (root: string, how: 'lives' | 'dies') =>
  new FolderOrderFiles(
    isText,
    { root, name: NAME },
    { lease: LEASE, beat: how === 'lives' ? 20 : 1_000_000 },
  );

const namesIn = (root: string, end: string) =>
  readdirSync(join(root, NAME)).filter((name) => name.endsWith(end));

it('gives the orders of a dead owner to one other, each once, and those of a living one to nobody', async () => {
  const root = temporaryFolder('orders');
  const [living, dead] = [owner(root, 'lives'), owner(root, 'dies')];
  const kept = await living.add('of the living', 1);
  for (const n of [1, 2, 3]) await dead.add(`order ${n}`, 1000 + n);
  const heirs = [owner(root, 'lives'), owner(root, 'lives')];
  const adopted: { order: string | undefined; at: number }[] = [];
  await expect
    .poll(
      async () => {
        const found = await Promise.all(heirs.map((heir) => heir.adopt(10)));
        for (const { order, at } of found.flat()) adopted.push({ order, at });
        return adopted.length;
      },
      { timeout: 10_000 },
    )
    .toBe(3);
  expect(adopted.sort((one, other) => one.at - other.at)).toEqual(
    [1, 2, 3].map((n) => ({ order: `order ${n}`, at: 1000 + n })),
  );
  await sleep(2 * LEASE);
  for (const heir of heirs) expect(await heir.adopt(10)).toEqual([]);
  expect(await living.has(kept)).toBe(true);
  // The lease of the dead is gone, too.
  expect(namesIn(root, '.lease')).toHaveLength(3);
});

it('adopts no more than there is room for, and what can not be read as no order', async () => {
  const root = temporaryFolder('orders');
  const dead = owner(root, 'dies');
  const names = [await dead.add('a', 1), await dead.add('b', 2), await dead.add('c', 3)];
  // An owner without a lease has given up.
  rmSync(join(root, NAME, namesIn(root, '.lease')[0]!));
  writeFileSync(join(root, NAME, names[1]!), '{"at":2,"order":');
  const heir = owner(root, 'lives');
  const first = await heir.adopt(2);
  expect(first.map(({ order }) => order)).toEqual(['a', undefined]);
  let last: (typeof first)[number] | undefined;
  await expect.poll(async () => ([last] = await heir.adopt(2)), { timeout: 10_000 }).toHaveLength(1);
  expect(last).toMatchObject({ order: 'c', at: 3 });
  for (const { name } of [...first, last!]) await heir.remove(name);
  await heir.remove(last!.name);
  expect(namesIn(root, '.order')).toEqual([]);
  expect(await dead.has(names[0]!)).toBe(false);
});

it('is for its user alone, and follows no link in the place of the folder', async () => {
  const root = temporaryFolder('orders');
  const files = owner(root, 'lives');
  const name = await files.add('a', 1);
  expect(statSync(join(root, NAME)).mode & 0o777).toBe(0o700);
  expect(statSync(join(root, NAME, name)).mode & 0o777).toBe(0o600);
  const other = temporaryFolder('orders');
  symlinkSync(join(root, NAME), join(other, NAME));
  await expect(owner(other, 'lives').add('b', 1)).rejects.toMatchObject({ code: 'CONVERT_SPOOL' });
  // Once it is right, the next call works.
  const mended = owner(other, 'lives');
  await expect(mended.add('b', 1)).rejects.toThrow('symbolic link');
  rmSync(join(other, NAME));
  expect(await mended.has(await mended.add('b', 1))).toBe(true);
});
