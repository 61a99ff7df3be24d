/** Tests of processes with LMDB that are killed, and that leave thousands of visitors behind. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Ended } from '../../support/child.js';
import { temporaryFolder } from '../../support/folder.js';
import { type LmdbProcess, runLmdb } from './process.js';

export async function lastLine(ended: Promise<Ended>): Promise<string> {
  const { code, output } = await ended;
  expect(code, output).toBe(0);
  return output.trim().split('\n').at(-1) ?? '';
}

/**
 * `source` is the folder of the sources as JavaScript; `kills` and `thousands` of visitors say how much they are tried.
 */
export function lmdbLoad(source: string, kills: number, thousands: number): void {
  const run = (path: string, body: string, how?: LmdbProcess) => runLmdb(source, path, body, how);

  describe('a process with LMDB', () => {
    it(
      `that is killed while it writes has stored whatever it said so of, ${kills} times`,
      { timeout: 120_000 },
      async () => {
        const path = temporaryFolder('lmdb');
        const stored: string[] = [];
        let isMidWrite = 0;
        for (let kill = 0; kill < kills; kill++) {
          const child = run(
            path,
            `let next = 0;
           const visit = async () => {
             for (;;) {
               const key = 'r${kill}-' + next++;
               const change = { claims: { 7: claim(key) }, goals: ['buy'], segments: { is: 'x'.repeat(next % 5000) } };
               say('begun', key);
               await store.commit(key, change, next % 2 ? KEPT : GENERATED);
               say('stored', key);
               // However slow the machine is.
               if (next === 50) say('up');
             }
           };
           for (const _ of numbers(20)) void visit();`,
          );
          await child.said('up');
          await sleep(Math.random() * 200);
          child.kill('SIGKILL');
          const { output } = await child.ended;
          const named = (what: string) =>
            [...output.matchAll(new RegExp(`^${what} (.+)$`, 'gm'))].map(([, key]) => key!);
          stored.push(...named('stored'));
          if (named('begun').length > named('stored').length) isMidWrite += 1;
        }
        expect(isMidWrite).toBeGreaterThan(kills / 2 - 1);
        expect(stored.length).toBeGreaterThan(20 * kills);
        await writeFile(join(path, 'stored.json'), JSON.stringify(stored));
        const next = run(
          path,
          `import { readFileSync } from 'node:fs';
         const keys = JSON.parse(readFileSync(path + '/stored.json'));
         const isRight = (key) => {
           const { bucketing, goals } = store.read(key) ?? {};
           return bucketing?.[7] === key && goals?.buy === true;
         };
         const wrong = keys.filter((key) => !isRight(key));
         const late = await Promise.all(
           keys.map((key) => store.commit(key, { claims: { 7: claim('late') }, goals: ['buy'] }, KEPT)));
         const won = late.filter(({ lost }) => lost.size !== 2);
         await store.close();
         say(keys.length, wrong.length, won.length);`,
        );
        expect(await lastLine(next.ended)).toBe(`${stored.length} 0 0`);
      },
    );
  });

  describe('two processes with one LMDB', () => {
    it('sweep visitors who do not come back, one of them at a time', { timeout: 120_000 }, async () => {
      const path = temporaryFolder('lmdb');
      const how = { ephemeralAge: 300 };
      const sweeper = (body: string) =>
        run(
          path,
          `import { existsSync, writeFileSync } from 'node:fs';
         const root = open({ path: path + '/visitor-state', noSubdir: false });
         const texts = root.openDB({ name: 'visitors', encoding: 'string', useVersions: true });
         const meta = root.openDB({ name: 'meta', encoding: 'json', useVersions: true });
         const count = () => texts.getKeysCount();
         ${body}`,
          how,
        );
      const idle = sweeper(`
      say('up');
      const holders = new Set();
      await until(() => count() > 1_000);
      await until(() => existsSync(path + '/flooded'));
      await until(() => { holders.add(meta.get('sweep')?.name); return count() === 50; });
      await sleep(500);
      say(count(), [...holders].filter(Boolean).length);
      process.exit();`);
      await idle.said('up');
      const flooded = sweeper(`
      await Promise.all(numbers(50).map((n) => store.commit('kept' + n, { goals: ['buy'] }, KEPT)));
      for (const part of numbers(${thousands})) {
        await Promise.all(numbers(1000).map((n) =>
          store.commit('gone' + (part * 1000 + n), { claims: { 7: claim('x') } }, GENERATED)));
      }
      writeFileSync(path + '/flooded', '');
      await until(() => count() === 50);
      say(numbers(50).filter((n) => store.read('kept' + n)?.goals.buy).length);
      process.exit();`);
      expect(await lastLine(flooded.ended)).toBe('50');
      expect(await lastLine(idle.ended)).toBe('50 1');
    });
  });
}
