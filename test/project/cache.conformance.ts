/** What every project cache does. */
import { describe, expect, it } from 'vitest';
import type { KeptText, ProjectCache } from '../../src/project/cache-port.js';
import { digestOf } from '../../src/project/handover.js';
import { project, until } from './helpers.js';

export const KEY = '100-200-0123456789abcdef';

export function text(version: string, etag?: string): KeptText {
  const body = JSON.stringify(project(version));
  return { body, digest: digestOf(body), etag, checkedAt: Date.now() };
}

/** Writes as its owner. */
export async function put(cache: ProjectCache, kept: KeptText, key = KEY): Promise<void> {
  if (cache.claim) expect(await cache.claim(key, 'writer', 10_000)).toBe(true);
  await cache.write(key, kept, 'writer');
}

/** `place` makes an empty one; what it returns opens it, each time as another process would. */
export function cacheConformance(name: string, place: () => Promise<() => ProjectCache>): void {
  describe(`${name}, as a project cache`, () => {
    it('has nothing at first', async () => {
      const open = await place();
      expect(await open().read(KEY)).toBeUndefined();
      expect(await open().read(KEY, 'known')).toBeUndefined();
    });

    it.each<[string, string]>([
      ['a config', JSON.stringify(project())],
      ['any text', '\uFEFF{"a": "\u2028 \u{1F600} \\" \\\\ \t"}\r\n\r\n'],
      ['a large text', JSON.stringify({ text: 'größer'.repeat(200_000) })],
    ])('gives %s to other processes as it was', async (_name, body) => {
      const open = await place();
      const before = Date.now();
      await put(open(), { body, digest: digestOf(body), etag: 'W/"a, \\"b\\""', checkedAt: before });
      const found = await open().read(KEY);
      expect(found).toMatchObject({ body, digest: digestOf(body), etag: 'W/"a, \\"b\\""' });
      expect(Math.abs(found!.checkedAt - before)).toBeLessThan(60_000);
    });

    it('needs no ETag, and need not give a text that is known', async () => {
      const open = await place();
      const kept = text('1');
      await put(open(), kept);
      const found = await open().read(KEY, kept.digest);
      expect(found).toMatchObject({ digest: kept.digest, etag: undefined });
      expect([undefined, kept.body]).toContain(found!.body);
      expect(await open().read(KEY, 'another')).toMatchObject({ body: kept.body });
    });

    it('has what was written last, and when it was confirmed', async () => {
      const open = await place();
      const cache = open();
      const first = { ...text('1'), checkedAt: Date.now() - 5_000 };
      await put(cache, first);
      await put(cache, text('2', '"2"'));
      expect(await open().read(KEY)).toMatchObject({ body: text('2').body, etag: '"2"' });
      const early = (await open().read(KEY))!.checkedAt;
      await until(() => expect(Date.now()).toBeGreaterThan(early + 20));
      await put(cache, text('2', '"2"'));
      expect((await open().read(KEY))!.checkedAt).toBeGreaterThan(early);
      await put(open(), text('3'));
      // Another process was faster: what is there is no longer what this one wrote.
      await put(cache, text('2', '"2"'));
      expect(await open().read(KEY)).toMatchObject({ body: text('2').body });
    });

    it('keeps keys apart', async () => {
      const open = await place();
      await put(open(), text('1'));
      await put(open(), text('2'), `${KEY}-2`);
      expect(await open().read(KEY)).toMatchObject({ body: text('1').body });
      expect(await open().read(`${KEY}-2`)).toMatchObject({ body: text('2').body });
      expect(await open().read(KEY.slice(0, -1))).toBeUndefined();
    });

    it('gives a whole text while others write', async () => {
      const open = await place();
      const long = (version: string): KeptText => {
        const body = JSON.stringify({ version, text: version.repeat(100_000) });
        return { body, digest: digestOf(body), checkedAt: Date.now() };
      };
      const [one, two] = [long('1'), long('2')];
      await put(open(), one);
      let isOver = false;
      const writing = [one, two].map(async (kept, index) => {
        const cache = open();
        for (let round = 0; round < 20; round += 1) {
          await cache.claim?.(KEY, `writer ${index}`, 10_000);
          await cache.write(KEY, kept, `writer ${index}`);
        }
      });
      const seen = new Set<string>();
      const reading = (async () => {
        const cache = open();
        while (!isOver) {
          const found = await cache.read(KEY);
          expect(digestOf(found!.body!)).toBe(found!.digest);
          seen.add(found!.digest);
        }
      })();
      await Promise.all(writing).finally(() => (isOver = true));
      await reading;
      expect(seen.size).toBeGreaterThan(0);
    });
  });
}

/** What those do that processes share. */
export function sharedCacheConformance(
  name: string,
  place: () => Promise<() => Required<ProjectCache>>,
): void {
  describe(`${name}, as a cache that processes share`, () => {
    it('gives the turn to one of all who ask', async () => {
      const open = await place();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => open().claim(KEY, `owner ${index}`, 10_000)),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      const owner = `owner ${answers.indexOf(true)}`;
      expect(await open().claim(KEY, owner, 10_000)).toBe(true);
      expect(await open().claim(KEY, 'another', 10_000)).toBe(false);
      expect(await open().claim(`${KEY}-2`, 'another', 10_000)).toBe(true);
    });

    it('takes the turn back, and only from who has it', async () => {
      const open = await place();
      await open().claim(KEY, 'one', 10_000);
      expect(await open().claim(KEY, 'two', 0)).toBe(false);
      expect(await open().claim(KEY, 'two', 10_000)).toBe(false);
      expect(await open().claim(KEY, 'one', 0)).toBe(true);
      expect(await open().claim(KEY, 'two', 10_000)).toBe(true);
    });

    it('gives nobody a turn that is given back twice', async () => {
      const open = await place();
      expect(await open().claim(KEY, 'one', 0)).toBe(true);
      expect(await open().claim(KEY, 'two', 10_000)).toBe(true);
    });

    it('lets the turn of a dead process lapse', async () => {
      const open = await place();
      await open().claim(KEY, 'dead', 50);
      await expect.poll(() => open().claim(KEY, 'next', 10_000)).toBe(true);
      expect(await open().claim(KEY, 'dead', 10_000)).toBe(false);
    });

    it('lets the turn end with what is written, and takes nothing from anybody else', async () => {
      const open = await place();
      await open().write(KEY, text('0'), 'nobody');
      expect(await open().read(KEY)).toBeUndefined();
      await open().claim(KEY, 'one', 10_000);
      await open().write(KEY, text('late'), 'another');
      expect(await open().read(KEY)).toBeUndefined();
      await open().write(KEY, text('1'), 'one');
      expect(await open().read(KEY)).toMatchObject({ body: text('1').body });
      expect(await open().claim(KEY, 'two', 10_000)).toBe(true);
      await open().write(KEY, text('late'), 'one');
      expect(await open().read(KEY)).toMatchObject({ body: text('1').body });
    });
  });
}
