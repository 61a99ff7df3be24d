/** What every project cache does. */
import { describe, expect, it } from 'vitest';
import type { CachedProject, ProjectCache } from '../../../src/project/cache/types.js';
import { digestOf } from '../../../src/project/sources/digest.js';
import { project, until } from '../helpers.js';

export const KEY = '100-200-0123456789abcdef';

export function text(version: string, etag?: string): CachedProject {
  const body = JSON.stringify(project(version));
  return { body, digest: digestOf(body), etag, checkedAt: Date.now() };
}

/** `place` makes an empty one; what it returns opens it, each time as another process would. */
export function cacheConformance(name: string, place: () => Promise<() => ProjectCache>): void {
  describe(`${name}, as a project cache`, () => {
    it('has nothing at first', async () => {
      const open = await place();
      expect(await open().read(KEY)).toBeUndefined();
    });

    it.each<[string, string]>([
      ['a config', JSON.stringify(project())],
      ['any text', '\uFEFF{"a": "\u2028 \u{1F600} \\" \\\\ \t"}\r\n\r\n'],
      ['a large text', JSON.stringify({ text: 'größer'.repeat(200_000) })],
    ])('gives %s to other processes as it was', async (_name, body) => {
      const open = await place();
      const before = Date.now();
      await open().write(KEY, { body, digest: digestOf(body), etag: 'W/"a, \\"b\\""', checkedAt: before });
      const found = await open().read(KEY);
      expect(found).toMatchObject({ body, digest: digestOf(body), etag: 'W/"a, \\"b\\""' });
      expect(Math.abs(found!.checkedAt - before)).toBeLessThan(60_000);
    });

    it('needs no ETag', async () => {
      const open = await place();
      const kept = text('1');
      await open().write(KEY, kept);
      const found = await open().read(KEY);
      expect(found).toMatchObject({ digest: kept.digest, etag: undefined });
      expect(found).toMatchObject({ body: kept.body });
    });

    it('has what was written last, and when it was confirmed', async () => {
      const open = await place();
      const cache = open();
      const first = { ...text('1'), checkedAt: Date.now() - 5_000 };
      await cache.write(KEY, first);
      await cache.write(KEY, text('2', '"2"'));
      expect(await open().read(KEY)).toMatchObject({ body: text('2').body, etag: '"2"' });
      const early = (await open().read(KEY))!.checkedAt;
      await until(() => expect(Date.now()).toBeGreaterThan(early + 20));
      await cache.write(KEY, text('2', '"2"'));
      expect((await open().read(KEY))!.checkedAt).toBeGreaterThan(early);
      await open().write(KEY, text('3'));
      // Another process was faster: what is there is no longer what this one wrote.
      await cache.write(KEY, text('2', '"2"'));
      expect(await open().read(KEY)).toMatchObject({ body: text('2').body });
    });

    it('keeps a newer config: one that was fetched earlier and comes late does not replace it', async () => {
      const open = await place();
      const cache = open();
      const early = { ...text('1'), checkedAt: Date.now() - 60_000 };
      await cache.write(KEY, early);
      await open().write(KEY, text('2', '"2"'));
      for (const late of [early, { ...early, checkedAt: early.checkedAt + 1_000 }]) {
        await cache.write(KEY, late);
        await open().write(KEY, late);
        expect(await open().read(KEY)).toMatchObject({ body: text('2').body, etag: '"2"' });
      }
      expect((await open().read(KEY))!.checkedAt).toBeGreaterThan(early.checkedAt + 30_000);
    });

    it('takes a config though a clock that was ahead wrote the one before', async () => {
      const open = await place();
      await open().write(KEY, { ...text('1'), checkedAt: Date.now() + 3_600_000 });
      const later = text('2');
      await until(() => expect(Date.now()).toBeGreaterThan(later.checkedAt + 20));
      await open().write(KEY, { ...later, checkedAt: Date.now() });
      expect(await open().read(KEY)).toMatchObject({ body: later.body });
    });

    it('keeps keys apart', async () => {
      const open = await place();
      await open().write(KEY, text('1'));
      await open().write(`${KEY}-2`, text('2'));
      expect(await open().read(KEY)).toMatchObject({ body: text('1').body });
      expect(await open().read(`${KEY}-2`)).toMatchObject({ body: text('2').body });
      expect(await open().read(KEY.slice(0, -1))).toBeUndefined();
    });

    it('gives a whole text while others write', async () => {
      const open = await place();
      const long = (version: string): CachedProject => {
        const body = JSON.stringify({ version, text: version.repeat(100_000) });
        return { body, digest: digestOf(body), checkedAt: Date.now() };
      };
      const [one, two] = [long('1'), long('2')];
      await open().write(KEY, one);
      let isOver = false;
      const writing = [one, two].map(async (kept) => {
        const cache = open();
        for (let round = 0; round < 20; round += 1) await cache.write(KEY, kept);
      });
      const seen = new Set<string>();
      const reading = (async () => {
        const cache = open();
        while (!isOver) {
          const found = await cache.read(KEY);
          expect(digestOf(found!.body)).toBe(found!.digest);
          seen.add(found!.digest);
        }
      })();
      await Promise.all(writing).finally(() => (isOver = true));
      await reading;
      expect(seen.size).toBeGreaterThan(0);
    });
  });
}
