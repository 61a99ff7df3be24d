/** The files of the spool on a disk that takes, and gives, only a few bytes at a time. */
import type * as fsPromises from 'node:fs/promises';
import type * as fs from 'node:fs';
import { chown, mkdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { nodeFiles } from '../../../src/delivery/spool/files.js';
import { temporaryFolder } from '../../support/folder.js';

/** The most bytes that a call of the operating system takes or gives here. */
const FEW = 3;

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fsPromises>();
  const open: typeof real.open = async (...how) => {
    const handle = await real.open(...how);
    const write = handle.write.bind(handle) as (...args: unknown[]) => unknown;
    const read = handle.read.bind(handle) as (...args: unknown[]) => unknown;
    const short =
      (call: typeof write) => (data: unknown, offset: unknown, length: number, position: unknown) =>
        call(data, offset, Math.min(length, FEW), position);
    return Object.assign(handle, { write: short(write), read: short(read) });
  };
  return { ...real, open };
});

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const writeSync = (fd: number, data: Uint8Array, offset = 0): number =>
    real.writeSync(fd, data, offset, Math.min(data.length - offset, FEW));
  return { ...real, writeSync };
});

const folder = temporaryFolder('files', afterAll);
let files = 0;
const fresh = (): string => join(folder, String((files += 1)));
const text = 'the quick brown fox jumps over the lazy dog';

it('H2: append the whole of what they are given', async () => {
  const path = fresh();
  const file = await nodeFiles.create(path);
  await file.append(Buffer.from(text));
  file.appendNow(Buffer.from(text.toUpperCase()));
  await file.append(Buffer.from(text));
  await file.close();
  expect(await readFile(path, 'utf8')).toBe(text + text.toUpperCase() + text);
});

it('H2: write the whole of it in its place', async () => {
  const path = fresh();
  const file = await nodeFiles.create(path);
  await file.append(Buffer.from('.'.repeat(60)));
  await file.close();
  const again = await nodeFiles.open(path, true);
  await again.write(Buffer.from(text), 10);
  await again.write(Buffer.from('THE'), 10);
  await again.close();
  const expected = `${'.'.repeat(10)}THE${text.slice(3)}${'.'.repeat(50 - text.length)}`;
  expect(await readFile(path, 'utf8')).toBe(expected);
});

it('H2: read what they are asked for, and less at the end of the file only', async () => {
  const path = fresh();
  const file = await nodeFiles.create(path);
  await file.append(Buffer.from(text));
  await file.close();
  const again = await nodeFiles.open(path);
  expect((await again.read(4, 20)).toString()).toBe(text.slice(4, 24));
  expect((await again.read(text.length - 5, 20)).toString()).toBe(text.slice(-5));
  expect((await again.read(text.length, 20)).length).toBe(0);
  await again.close();
});

it('F2: follow no symbolic link when they touch, open or make private what was ours before', async () => {
  const [target, link] = [fresh(), fresh()];
  await writeFile(target, 'precious');
  await utimes(target, 1, 1);
  await symlink(target, link);
  await expect(nodeFiles.touch(link)).rejects.toMatchObject({ code: 'ELOOP' });
  await expect(nodeFiles.open(link)).rejects.toMatchObject({ code: 'ELOOP' });
  expect((await stat(target)).mtimeMs).toBe(1_000);
  const [shared, toShared] = [fresh(), fresh()];
  await mkdir(shared, { mode: 0o755 });
  await symlink(shared, toShared);
  await expect(nodeFiles.makePrivate(toShared)).rejects.toThrow();
  expect((await stat(shared)).mode & 0o777).toBe(0o755);
});

it.skipIf(process.getuid?.() !== 0)('F2: neither open nor touch what belongs to another user', async () => {
  const path = fresh();
  await writeFile(path, 'forged');
  await chown(path, 12_345, 12_345);
  await expect(nodeFiles.open(path)).rejects.toMatchObject({ code: 'EFOREIGN' });
  await expect(nodeFiles.touch(path)).rejects.toMatchObject({ code: 'EFOREIGN' });
});
