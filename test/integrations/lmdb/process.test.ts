/** Visitor state in LMDB under processes that are killed, and that share one folder. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folder.js';
import { transpiledSources } from '../../support/transpiled.js';
import { runLmdb } from './process.js';
import { lastLine, lmdbLoad } from './process-kit.js';

const source = transpiledSources();
const run = (path: string, body: string) => runLmdb(source, path, body);

lmdbLoad(source, 2, 4);

describe('a process with LMDB', () => {
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
});
