/** Tests of visitor state in LMDB on disks that are full, read-only, or hold something else. */
import { mkdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import express from 'express';
import request from 'supertest';
import { expect, onTestFinished, type TestContext } from 'vitest';
import { convertMiddleware } from '../../../src/express.js';
import { createConvert } from '../../../src/index.js';
import { lmdbStore } from '../../../src/lmdb.js';
import type { Child } from '../../support/child.js';
import { startCollector } from '../../support/collector.js';
import { mounted, remount } from '../../support/disk.js';
import { temporaryFolder } from '../../support/folder.js';
import { testProject } from '../../support/project.js';
import { type CaseSize, testsOf } from '../../support/tiers.js';
import { runLmdb } from './process.js';

/** Bytes of a page, and pages of the disk. */
const PAGE = 4096;
const PAGES = 256;

/** A file in the folder that the store makes inside of the given one. */
const inside = (path: string, name = ''): string => join(path, 'visitor-state', name);

const filler = (disk: string): string => join(disk, 'filler');
const fill = (disk: string, free: number): Promise<void> =>
  writeFile(filler(disk), Buffer.alloc((PAGES - free) * PAGE));

async function linesOf({ ended }: Child): Promise<string[]> {
  const { code, signal, output } = await ended;
  // Nothing that nobody handled, and no crash.
  expect([code, signal], output).toEqual([0, null]);
  return output.trim().split('\n');
}

/** Writes until the disk is full. */
const FILL = `
  const big = { segments: { big: 'x'.repeat(5000) } };
  let stored = 0;
  let why = 'fine';
  for (; why === 'fine'; stored += 1) why = await tried(() => store.commit('k' + stored, big, KEPT));
  stored -= 1;`;

const MADE = `await store.commit('k', { goals: ['buy'] }, KEPT); await store.close();`;

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

/** An app with the store, and what sixty visitors get of it: one half is new, the other brings a cookie. */
async function visited(path: string): Promise<{ errors: string[]; exposed: string[]; visitors: string[] }> {
  const collector = await startCollector();
  onTestFinished(() => collector.close());
  const errors: string[] = [];
  const convert = createConvert({
    project: testProject(),
    endpoints: { track: collector.origin },
    store: lmdbStore(path),
    logger: { warn: () => undefined, error: () => undefined },
  });
  convert.on('error', ({ code, message }) => errors.push(`${code} ${message}`));
  const app = express().use(convertMiddleware(convert));
  app.get('/', (req, res) => {
    res.send(`${req.convert.visitorId} ${req.convert.runExperience('homepage-hero')?.key}`);
  });
  const visitors: string[] = [];
  for (let n = 0; n < 60; n++) {
    const cookie = n % 2 === 0 ? [] : [`cv_vid=visitor-${n}`];
    const { status, text } = await request(app).get('/').set('Cookie', cookie).set('User-Agent', BROWSER);
    expect(status).toBe(200);
    expect(text).toMatch(/ (original|version-b)$/);
    visitors.push(text.split(' ')[0]!);
  }
  await convert.close();
  return { errors, visitors, exposed: collector.exposures().map(({ visitorId }) => visitorId) };
}

/** What the disk may be in the place of a database, and is in the small cases. */
const SMALL = ['a disk that is read-only', 'noise in the place of the database'];

/** `source` is the folder of the sources as JavaScript. */
export function filesSuite(source: string, size: CaseSize): void {
  const run = (path: string, body: string): Child => runLmdb(source, path, body, { openInterval: 50 });
  const { small, large } = testsOf(size);

  small(
    'rejects what a disk has no room for, goes on to read, and to write once there is room',
    async (context) => {
      const disk = await mounted('size=1m', context);
      await fill(disk, PAGES / 2);
      const child = run(
        join(disk, 'db'),
        `${FILL}
     say('full', why);
     // Many at a time, and readers whose visitors are to live on, as on a busy server.
     const writeMore = () => Promise.allSettled(numbers(200).map((n) => store.commit('more' + n, big, KEPT)));
     let more = await writeMore();
     // On a slow machine the pause after a failed write is over by now, and a page or two may be left for one of them.
     for (let n = 0; n < 10 && more.some(({ status }) => status === 'fulfilled'); n++) more = await writeMore();
     say(more.filter(({ status }) => status === 'fulfilled').length);
     say(numbers(stored).filter((n) => store.read('k' + n)?.segments.big.length === 5000).length === stored);
     say('room?');
     await until(async () => (await tried(() => store.commit('late', big, KEPT))) === 'fine');
     say(store.read('late')?.segments.big.length, store.read('k0')?.segments.big.length);
     await store.close();
     say('closed');`,
      );
      await child.said('room?');
      await rm(filler(disk));
      const lines = await linesOf(child);
      const told = lines.findIndex((line) => line.startsWith('full'));
      expect(lines[told]).toMatch(
        /^full CONVERT_STORE convert: the visitor store can not be written \((ENOSPC|EIO, the disk may be full); /,
      );
      expect(lines.slice(lines.indexOf('0'))).toEqual(['0', 'true', 'room?', '5000 5000', 'closed']);
    },
  );

  large('ends in time where the last thing that it wrote had no room', async (context) => {
    const disk = await mounted('size=1m', context);
    const child = run(
      disk,
      `${FILL}
     await store.close();
     say('closed', why.slice(0, 13));`,
    );
    expect((await linesOf(child)).at(-1)).toBe('closed CONVERT_STORE');
  });

  large(
    'is not brought down by a disk that is full when it is opened, and opened once there is room',
    async (context) => {
      const disk = await mounted('size=1m', context);
      for (const free of [0, 1, 2, 3, 4, 5, 8, 12]) {
        const path = join(disk, `db-${free}`);
        await fill(disk, free);
        const child = run(
          path,
          `say(await tried(() => store.read('k')));
       say(await tried(() => store.commit('k', { goals: ['buy'] }, KEPT)));
       say('room?');
       await until(async () => (await tried(() => store.commit('k', { goals: ['buy'] }, KEPT))) === 'fine');
       say(store.read('k').goals.buy);
       await store.close();`,
        );
        await child.said('room?');
        await rm(filler(disk));
        const lines = await linesOf(child);
        expect(lines[0]).toMatch(/^CONVERT_STORE convert: the visitor store can not be opened \(ENOSPC; /);
        expect(lines.slice(2)).toEqual(['room?', 'true']);
        await rm(path, { recursive: true });
      }
    },
  );

  large('is opened, and read, where it is there and the disk is full', async (context) => {
    const disk = await mounted('size=1m', context);
    const path = join(disk, 'db');
    await linesOf(run(path, MADE));
    await writeFile(filler(disk), Buffer.alloc(PAGES * PAGE)).catch(() => undefined);
    const child = run(path, `say(store.read('k')?.goals.buy); await store.close();`);
    expect(await linesOf(child)).toEqual(['true']);
  });

  large('is not brought down where the disk is full and its lock file is gone', async (context) => {
    const disk = await mounted('size=1m', context);
    const path = join(disk, 'db');
    await linesOf(run(path, MADE));
    await rm(inside(path, 'lock.mdb'));
    await writeFile(filler(disk), Buffer.alloc(PAGES * PAGE)).catch(() => undefined);
    const child = run(
      path,
      `say(await tried(() => store.read('k')));
     say('room?');
     await until(async () => (await tried(() => store.read('k'))) === 'fine');
     say(store.read('k').goals.buy);
     await store.close();`,
    );
    await child.said('room?');
    await rm(filler(disk));
    const [full, ...rest] = await linesOf(child);
    expect(full).toMatch(/\(ENOSPC; /);
    expect(rest).toEqual(['room?', 'true']);
  });

  /** What can't be used, how that is told, and what makes it good. */
  const UNFIT: Record<
    string,
    (context: TestContext) => Promise<{ path: string; why: RegExp; cure: () => unknown }>
  > = {
    async 'a disk that is read-only'(context) {
      const disk = await mounted('ro', context);
      return { path: join(disk, 'db'), why: /\((EROFS|ENOENT); /, cure: () => remount(disk, 'rw') };
    },
    async 'a database on a disk that is read-only'(context) {
      const disk = await mounted('size=1m', context);
      await linesOf(run(join(disk, 'db'), MADE));
      remount(disk, 'ro');
      return { path: join(disk, 'db'), why: /\(EROFS; /, cure: () => remount(disk, 'rw') };
    },
    async 'a file in the place of the folder'() {
      const path = join(temporaryFolder('lmdb'), 'db');
      await writeFile(path, 'something');
      return { path, why: /\(EEXIST; /, cure: () => rm(path) };
    },
    async 'a file above it'() {
      const path = join(temporaryFolder('lmdb'), 'above');
      await writeFile(path, '');
      return { path: join(path, 'db'), why: /\(ENOTDIR; /, cure: () => rm(path) };
    },
    async 'a folder in the place of the database'() {
      const path = temporaryFolder('lmdb');
      await mkdir(inside(path, 'data.mdb'), { recursive: true });
      const cure = () => rm(inside(path, 'data.mdb'), { recursive: true });
      return { path, why: /\(ENOFILE; /, cure };
    },
  };
  for (const [what, bytes] of Object.entries({
    'a few bytes': Buffer.from('no database'),
    zeros: Buffer.alloc(3 * PAGE),
    noise: Buffer.from(Array.from({ length: 3 * PAGE }, (_, n) => (n * 7919) % 251)),
  })) {
    UNFIT[`${what} in the place of the database`] = async () => {
      const path = temporaryFolder('lmdb');
      await mkdir(inside(path));
      await writeFile(inside(path, 'data.mdb'), bytes);
      return { path, why: /\(NOT_LMDB; /, cure: () => rm(inside(path, 'data.mdb')) };
    };
  }
  UNFIT['a database that was cut short'] = async () => {
    const path = temporaryFolder('lmdb');
    await linesOf(run(path, MADE));
    const data = inside(path, 'data.mdb');
    expect((await stat(data)).size).toBeGreaterThan(2 * PAGE);
    await truncate(data, PAGE);
    return { path, why: /\(NOT_LMDB; /, cure: () => rm(data) };
  };

  for (const [what, place] of Object.entries(UNFIT)) {
    const test = SMALL.includes(what) ? small : large;
    test(`is not brought down by ${what}, and opened once that is over`, async (context) => {
      const { path, why, cure } = await place(context);
      const child = run(
        path,
        `say(await tried(() => store.read('k')));
     say(await tried(() => store.commit('k', { goals: ['see'] }, KEPT)));
     say('cured?');
     await until(async () => (await tried(() => store.commit('k', { goals: ['see'] }, KEPT))) === 'fine');
     say(store.read('k').goals.see);
     await store.close();`,
      );
      await child.said('cured?');
      await cure();
      const [read, commit, ...rest] = await linesOf(child);
      expect(read).toMatch(/^CONVERT_STORE convert: the visitor store can not be opened \(/);
      expect(read).toMatch(why);
      expect(commit).toBe(read);
      expect(rest).toEqual(['cured?', 'true']);
    });
  }

  small('takes any name of a folder', async () => {
    const path = join(temporaryFolder('lmdb'), 'state.v1');
    expect(await linesOf(run(path, MADE + `say('made');`))).toEqual(['made']);
    expect((await stat(inside(path, 'data.mdb'))).isFile()).toBe(true);
  });

  large('costs a visitor nothing, and Convert no event, while its disk is full', async (context) => {
    const disk = await mounted('size=1m', context);
    await fill(disk, PAGES / 2);
    const path = join(disk, 'db');
    await linesOf(run(path, FILL));
    const { errors, visitors, exposed } = await visited(path);
    expect(new Set(errors.map((error) => error.replace(/\(.*/, '')))).toEqual(
      new Set(['CONVERT_STORE convert: the visitor store can not be written ']),
    );
    expect(exposed.sort()).toEqual(visitors.sort());
  });

  small('costs a visitor nothing, and Convert no event, while it can not be opened', async () => {
    const path = join(temporaryFolder('lmdb'), 'db');
    await writeFile(path, '');
    const { errors, visitors, exposed } = await visited(path);
    expect(new Set(errors)).toEqual(
      new Set([`CONVERT_STORE convert: the visitor store can not be opened (EEXIST; ${path})`]),
    );
    expect(exposed.sort()).toEqual(visitors.sort());
  });
}
