import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderCache } from '../../../src/project/cache/folder-cache.js';
import { MAX_CONFIG_BYTES } from '../../../src/project/config-limits.js';
import { temporaryFolder } from '../../support/folder.js';
import { later } from '../helpers.js';
import { cacheConformance, KEY, text } from './cache.conformance.js';

cacheConformance('folderCache', async () => {
  const path = join(temporaryFolder('cache'), 'made', 'when needed');
  return () => folderCache(path);
});

const write = (path: string, version: string) => folderCache(path).write(KEY, text(version));
const inside = (path: string, name = `${KEY}.json`) => join(path, 'project-cache', name);
const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
const isRoot = process.getuid?.() === 0;

describe('the folder', () => {
  it('is for its owner only, and holds nothing but what is kept', async () => {
    const path = join(temporaryFolder('cache'), 'new');
    await write(path, '1');
    await write(path, '2');
    expect(await readdir(path)).toEqual(['project-cache']);
    expect(await readdir(inside(path, ''))).toEqual([`${KEY}.json`]);
    expect([await mode(inside(path, '')), await mode(inside(path))]).toEqual(['700', '600']);
    expect((await readFile(inside(path), 'utf8')).split('\n')[1]).toBe(text('2').body);
  });

  it('is made by what is written, not by who reads', async () => {
    const path = temporaryFolder('cache');
    expect(await folderCache(path).read(KEY)).toBeUndefined();
    expect(await readdir(path)).toEqual([]);
  });

  it('may be given by a symbolic link, and be opened to others by who mounts it', async () => {
    const path = temporaryFolder('cache');
    await symlink(path, `${path}-link`);
    later(() => rm(`${path}-link`));
    await write(`${path}-link`, '1');
    await chmod(inside(path, ''), 0o777);
    expect(await folderCache(path).read(KEY)).toMatchObject({ body: text('1').body });
    expect(await mode(inside(path, ''))).toBe('700');
  });

  it('loses files that dead processes did not finish, and none that others are writing', async () => {
    const path = temporaryFolder('cache');
    await mkdir(inside(path, ''), { mode: 0o700 });
    for (const name of [`${KEY}.json.dead`, `${KEY}.json.busy`, 'other.json.dead'])
      await writeFile(inside(path, name), 'half');
    for (const name of [`${KEY}.json.dead`, 'other.json.dead']) await utimes(inside(path, name), 1, 1);
    await write(path, '1');
    expect((await readdir(inside(path, ''))).sort()).toEqual([
      `${KEY}.json`,
      `${KEY}.json.busy`,
      'other.json.dead',
    ]);
  });

  it('is made again where somebody deleted it', async () => {
    const path = temporaryFolder('cache');
    const cache = folderCache(path);
    await cache.write(KEY, text('1'));
    await rm(inside(path, ''), { recursive: true });
    await cache.write(KEY, text('1'));
    expect(await folderCache(path).read(KEY)).toMatchObject({ body: text('1').body });
  });

  it('is not written again for a config that is only confirmed', async () => {
    const path = temporaryFolder('cache');
    const cache = folderCache(path);
    await cache.write(KEY, { ...text('1'), checkedAt: 1_000_000 });
    const { ino } = await stat(inside(path));
    await cache.write(KEY, { ...text('1'), checkedAt: 2_000_000 });
    expect(await stat(inside(path))).toMatchObject({ ino, mtimeMs: 2_000_000 });
    await cache.write(KEY, { ...text('1', '"new"'), checkedAt: 3_000_000 });
    expect((await cache.read(KEY))!.etag).toBe('"new"');
  });
});

describe('what is not ours is not used', () => {
  const unfit: Record<string, [make: (path: string) => Promise<unknown>, says: RegExp]> = {
    'a file that is a symbolic link': [
      async (path) => {
        await rename(inside(path), join(path, 'elsewhere'));
        await symlink(join(path, 'elsewhere'), inside(path));
      },
      /ELOOP/,
    ],
    'a pipe': [
      async (path) => {
        await rm(inside(path));
        execFileSync('mkfifo', [inside(path)]);
      },
      /holds something else than files/,
    ],
    'a folder in the place of the file': [
      async (path) => {
        await rm(inside(path));
        await mkdir(inside(path));
      },
      /holds something else than files/,
    ],
    'a folder that is a symbolic link': [
      async (path) => {
        await rename(inside(path, ''), join(path, 'elsewhere'));
        await symlink(join(path, 'elsewhere'), join(path, 'project-cache'));
      },
      /is a symbolic link/,
    ],
    'a file in the place of the folder': [
      async (path) => {
        await rm(inside(path, ''), { recursive: true });
        await writeFile(join(path, 'project-cache'), '');
      },
      /is no folder/,
    ],
    'a file of another key': [
      async (path) => {
        await folderCache(path).write(`${KEY}-2`, text('2'));
        await rename(inside(path, `${KEY}-2.json`), inside(path));
      },
      /damaged, or none of ours/,
    ],
    'an empty file': [(path) => truncate(inside(path), 0), /damaged, or none of ours/],
    'half a line': [(path) => truncate(inside(path), 20), /damaged, or none of ours/],
    'another JSON': [(path) => writeFile(inside(path), 'null\n{}'), /damaged, or none of ours/],
    'a file that is too large': [
      (path) => truncate(inside(path), MAX_CONFIG_BYTES + 5_000),
      /of more than \d+ bytes/,
    ],
  };
  it.each(Object.entries(unfit))('%s', async (_name, [make, says]) => {
    const path = temporaryFolder('cache');
    await write(path, '1');
    await make(path);
    await expect(folderCache(path).read(KEY)).rejects.toThrow(says);
  });

  it.skipIf(!isRoot)('a folder of another user', async () => {
    const path = temporaryFolder('cache');
    await write(path, '1');
    await chown(inside(path, ''), 12_345, 12_345);
    await expect(folderCache(path).read(KEY)).rejects.toThrow('belongs to another user');
    await expect(write(path, '2')).rejects.toThrow('belongs to another user');
  });

  it.skipIf(!isRoot)('F2: a file of another user, in whatever folder it lies when it is opened', async () => {
    const path = temporaryFolder('cache');
    await write(path, '1');
    await chown(inside(path), 12_345, 12_345);
    await expect(folderCache(path).read(KEY)).rejects.toThrow('holds a file of another user');
    // It is replaced, not written to.
    await write(path, '2');
    expect(await folderCache(path).read(KEY)).toMatchObject({ body: text('2').body });
  });

  it('F2: a file that everybody can open: this package makes no such file', async () => {
    const path = temporaryFolder('cache');
    await write(path, '1');
    await chmod(inside(path), 0o604);
    await expect(folderCache(path).read(KEY)).rejects.toThrow('holds a file that everybody can open');
    // A volume that is mounted opens files to a group.
    await chmod(inside(path), 0o660);
    expect(await folderCache(path).read(KEY)).toMatchObject({ body: text('1').body });
  });

  it.skipIf(!isRoot)(
    'F2: a folder of another user that is put into the place of ours again and again',
    async () => {
      const path = temporaryFolder('cache');
      await write(path, '1');
      // The forged config is complete, in a folder and a file of somebody else.
      await write(join(path, 'forger'), '2');
      await rename(join(path, 'forger', 'project-cache'), join(path, 'forged'));
      for (const each of ['forged', `forged/${KEY}.json`]) await chown(join(path, each), 12_345, 12_345);
      const swaps = spawn(process.execPath, [
        '--eval',
        `const { renameSync } = require('node:fs');
       process.chdir(${JSON.stringify(path)});
       console.log('begun');
       for (;;) {
         renameSync('project-cache', 'ours');
         renameSync('forged', 'project-cache');
         renameSync('project-cache', 'forged');
         renameSync('ours', 'project-cache');
       }`,
      ]);
      later(() => void swaps.kill('SIGKILL'));
      await once(swaps.stdout, 'data');
      const seen = new Set<string | undefined>();
      for (let n = 0; n < 2_000; n++) {
        seen.add(
          (
            await folderCache(path)
              .read(KEY)
              .catch(() => undefined)
          )?.body,
        );
      }
      expect(seen).not.toContain(text('2').body);
      expect(seen).toContain(text('1').body);
    },
  );

  it('and is replaced, where it is a file', async () => {
    const path = temporaryFolder('cache');
    await write(path, '1');
    await writeFile(join(path, 'elsewhere'), 'precious');
    await rm(inside(path));
    await symlink(join(path, 'elsewhere'), inside(path));
    await write(path, '2');
    expect(await folderCache(path).read(KEY)).toMatchObject({ body: text('2').body });
    expect(await readFile(join(path, 'elsewhere'), 'utf8')).toBe('precious');
  });
});

it('an empty path is an error at construction', () => {
  expect(() => folderCache('')).toThrow('option projectCache is an empty text');
});
