/** Visitor state in LMDB under processes that are killed, and that share one folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Ended } from '../../support/child.js';
import { temporaryFolder } from '../../support/folder.js';
import { transpiledSources } from '../../support/transpiled.js';
import { type LmdbProcess, runLmdb } from './process.js';

const source = transpiledSources();
const run = (path: string, body: string, how?: LmdbProcess) => runLmdb(source, path, body, how);

async function lastLine(ended: Promise<Ended>): Promise<string> {
  const { code, output } = await ended;
  expect(code, output).toBe(0);
  return output.trim().split('\n').at(-1) ?? '';
}

describe('a process with LMDB', () => {
  it(
    'that is killed while it writes has stored whatever it said so of, 10 times',
    { timeout: 120_000 },
    async () => {
      const path = temporaryFolder('lmdb');
      const stored: string[] = [];
      let isMidWrite = 0;
      for (let kill = 0; kill < 10; kill++) {
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
      expect(isMidWrite).toBeGreaterThan(5);
      expect(stored.length).toBeGreaterThan(200);
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

  it('is not kept alive by it', async () => {
    const child = run(
      temporaryFolder('lmdb'),
      `await store.commit('k', { goals: ['buy'] }, KEPT);
       store.read('k');
       say('done');`,
    );
    expect(await lastLine(child.ended)).toBe('done');
  });
});

describe('two processes with one LMDB', () => {
  it('make each claim once, and lose nothing', async () => {
    const path = temporaryFolder('lmdb');
    const racer = (name: string) =>
      run(
        path,
        `import { existsSync } from 'node:fs';
         store.read('k0');
         say('up');
         await until(() => existsSync(path + '/go'));
         const won = [];
         await Promise.all(numbers(500).map(async (n) => {
           const change = {
             claims: { 7: claim('same'), 8: claim('${name}') },
             goals: ['same', '${name}'],
             transactions: { buy: ['same', '${name}'] },
           };
           await sleep(Math.random() * 300);
           const { lost } = await store.commit('k' + n, change, n % 2 ? KEPT : GENERATED);
           const made = ['experience:7', 'experience:8', 'goal:same', 'goal:${name}',
             'transaction:["buy","same"]', 'transaction:["buy","${name}"]'];
           won.push(...made.filter((each) => !lost.has(each)).map((each) => n + ' ' + each));
           // Who won what is what is stored.
           const { bucketing } = store.read('k' + n);
           if (!lost.has('experience:8') !== (bucketing[8] === '${name}')) say('wrong', n);
         }));
         await store.close();
         say(JSON.stringify(won));`,
      );
    const [one, other] = [racer('one'), racer('other')];
    await Promise.all([one.said('up'), other.said('up')]);
    await writeFile(join(path, 'go'), '');
    const [first, second] = await Promise.all(
      [one, other].map(async ({ ended }) => {
        const line = await lastLine(ended);
        expect((await ended).output).not.toContain('wrong');
        return JSON.parse(line) as string[];
      }),
    );
    // Three for both, and one goal and one transaction each.
    expect(first!.length + second!.length).toBe(500 * (4 + 2 * 2));
    expect(new Set([...first!, ...second!]).size).toBe(500 * (4 + 2 * 2));
    expect(Math.min(first!.length, second!.length)).toBeGreaterThan(1000);
    const reader = run(
      path,
      `const isComplete = (n) => {
         const { goals = {}, transactions = {} } = store.read('k' + n) ?? {};
         return goals.same && goals.one && goals.other && transactions.buy.length === 3;
       };
       say(numbers(500).filter(isComplete).length);`,
    );
    expect(await lastLine(reader.ended)).toBe('500');
  });

  it('see at once what the other one has done, in the middle of a turn too', async () => {
    const path = temporaryFolder('lmdb');
    const turns = ['made', 'changed', 'gone'];
    const writer = run(
      path,
      `import { existsSync, writeFileSync } from 'node:fs';
       const works = {
         made: () => store.commit('k', { goals: ['buy'] }, GENERATED),
         changed: () => store.commit('k', { goals: ['see'] }, KEPT),
         gone: () => store.delete('k'),
       };
       for (const turn of ${JSON.stringify(turns)}) {
         await until(() => existsSync(path + '/' + turn));
         await works[turn]();
         writeFileSync(path + '/' + turn + '-done', '');
       }
       await store.close();`,
    );
    const reader = run(
      path,
      `import { existsSync, writeFileSync } from 'node:fs';
       const seen = [];
       for (const turn of ${JSON.stringify(turns)}) {
         store.read('k');
         store.read('other');
         writeFileSync(path + '/' + turn, '');
         // Nothing else has its turn here meanwhile.
         while (!existsSync(path + '/' + turn + '-done'));
         seen.push(store.read('k')?.goals ?? 'nothing');
       }
       // Nor is it misled by what it has seen.
       const { lost } = await store.commit('k', { goals: ['buy'] }, KEPT);
       say(JSON.stringify([...seen, [...lost]]));`,
    );
    expect(JSON.parse(await lastLine(reader.ended))).toEqual([
      { buy: true },
      { buy: true, see: true },
      'nothing',
      [],
    ]);
    expect(await lastLine(writer.ended)).toBe('');
  });

  it('sweep visitors who do not come back, one of them at a time', { timeout: 120_000 }, async () => {
    const path = temporaryFolder('lmdb');
    const how = { ephemeralAge: 300 };
    const sweeper = (body: string) =>
      run(
        path,
        `import { existsSync, writeFileSync } from 'node:fs';
         const root = open({ path, noSubdir: false });
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
      for (const part of numbers(20)) {
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
