/**
 * Visitor state in LMDB on disks that are full, read-only, or hold something else (the slow tier has more of them), and
 * in folders that others may enter.
 */
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lmdbStore } from '../../../src/lmdb.js';
import type { VisitorState } from '../../../src/model/visitor-state/types.js';
import { startChild } from '../../support/child.js';
import { temporaryFolder } from '../../support/folder.js';
import { transpiledSources } from '../../support/transpiled.js';
import { filesSuite } from './files-suite.js';
import { runLmdb } from './process.js';

const source = transpiledSources();

filesSuite(source, 'small');

const KEPT = { ephemeral: false };
const inside = (path: string, name = ''): string => join(path, 'visitor-state', name);
const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
const modes = (path: string): Promise<string[]> =>
  Promise.all([inside(path), inside(path, 'data.mdb'), inside(path, 'lock.mdb')].map(mode));
const isRoot = process.getuid?.() === 0;

/** A store that is closed at the end of the test. */
function opened(path: string) {
  const store = lmdbStore(path);
  onTestFinished(() => store.close?.());
  return store;
}

/** A database as the versions before have made it: directly in the given folder, with the permissions of the umask. */
async function olderDatabase(path: string): Promise<void> {
  const { ended } = startChild(
    `import { open } from 'lmdb';
     const path = ${JSON.stringify(path)};
     const root = open({ path, noSubdir: false, encoding: 'string', cache: false });
     const texts = root.openDB({ name: 'visitors', encoding: 'string', useVersions: true });
     await texts.put('old', '{"bucketing":{"7":"x"}}', (Date.now() + 1e9) * 2048);
     await root.close();`,
  );
  const { code, output } = await ended;
  expect(code, output).toBe(0);
}

describe('F1: the files of lmdbStore', () => {
  it('lie in a folder of its own that only its user can enter, whoever made the given one', async () => {
    const path = temporaryFolder('lmdb');
    await chmod(path, 0o755);
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    const store = opened(path);
    await store.commit('k', { goals: ['buy'] }, KEPT);
    expect(await readdir(path)).toEqual(['visitor-state']);
    expect(await modes(path)).toEqual(['700', '600', '600']);
    expect(await mode(path)).toBe('755');
  });

  it('are made private again where a volume has opened them to a group', async () => {
    const path = temporaryFolder('lmdb');
    const before = lmdbStore(path);
    await before.commit('k', { goals: ['buy'] }, KEPT);
    await before.close?.();
    await chmod(path, 0o2770);
    await chmod(inside(path), 0o2770);
    for (const name of ['data.mdb', 'lock.mdb']) await chmod(inside(path, name), 0o660);
    expect(await opened(path).read('k')).toMatchObject({ goals: { buy: true } });
    expect(await modes(path)).toEqual(['700', '600', '600']);
  });

  it('are not used behind a symbolic link, and a link to the given folder is followed', async () => {
    const [path, other] = [temporaryFolder('lmdb'), temporaryFolder('lmdb')];
    await symlink(other, inside(path));
    expect(() => lmdbStore(path).read('k')).toThrow('its folder visitor-state is a symbolic link');
    expect(await readdir(other)).toEqual([]);
    await symlink(other, join(path, 'link'));
    await opened(join(path, 'link')).commit('k', { goals: ['buy'] }, KEPT);
    expect(await readdir(other)).toEqual(['visitor-state']);
  });

  it.skipIf(!isRoot)('are not used if they, or the folder, belong to another user', async () => {
    const path = temporaryFolder('lmdb');
    await mkdir(inside(path), { mode: 0o700 });
    await chown(inside(path), 12_345, 12_345);
    expect(() => lmdbStore(path).read('k')).toThrow('its folder visitor-state belongs to another user');
    const forged = temporaryFolder('lmdb');
    const before = lmdbStore(forged);
    await before.commit('k', { goals: ['buy'] }, KEPT);
    await before.close?.();
    await chown(inside(forged, 'data.mdb'), 12_345, 12_345);
    expect(() => lmdbStore(forged).read('k')).toThrow('can not be opened (EFOREIGN; ');
  });

  it.skipIf(!isRoot)('can not be read, nor cut short, by whoever may write to the given folder', async () => {
    const path = temporaryFolder('lmdb');
    await chmod(path, 0o777);
    const store = opened(path);
    await store.commit('k', { goals: ['buy'] }, KEPT);
    const attempt = (script: string): string =>
      execFileSync(
        process.execPath,
        ['--eval', `try { ${script} } catch (error) { console.log(error.code); }`],
        {
          uid: 12_345,
          gid: 12_345,
          cwd: path,
          encoding: 'utf8',
        },
      ).trim();
    const data = JSON.stringify(inside('.', 'data.mdb'));
    expect(attempt(`fs.readFileSync(${data})`)).toBe('EACCES');
    expect(attempt(`fs.truncateSync(${data}, 0)`)).toBe('EACCES');
    expect(await store.read('k')).toMatchObject({ goals: { buy: true } });
  });

  it('of the versions before are taken over, by several processes at once, and stay one database', async () => {
    const path = temporaryFolder('lmdb');
    await olderDatabase(path);
    // A process of an older version has it open, and another one opens it later.
    const older = open({ path, noSubdir: false, encoding: 'string', cache: false });
    const texts = older.openDB<string, string>({ name: 'visitors', encoding: 'string', useVersions: true });
    const children = ['a', 'b', 'c', 'd'].map((name) =>
      runLmdb(
        source,
        path,
        `await until(() => Date.now() > ${Date.now() + 1_500});
         const { lost } = await store.commit('old', { claims: { 7: claim('${name}') }, goals: ['${name}'] }, KEPT);
         say([...lost].join());
         await store.close();`,
      ),
    );
    for (const { ended } of children) expect((await ended).output.trim()).toBe('experience:7');
    const state = (await opened(path).read('old')) as VisitorState;
    expect(state).toEqual({ bucketing: { 7: 'x' }, goals: { a: true, b: true, c: true, d: true } });
    older.resetReadTxn();
    expect(JSON.parse(texts.get('old')!)).toMatchObject(state);
    expect(await modes(path)).toEqual(['700', '600', '600']);
    await texts.put('late', '{"goals":{"buy":true}}', (Date.now() + 1e9) * 2048);
    await older.close();
    expect(await opened(path).read('late')).toEqual({ goals: { buy: true } });
  });

  it.skipIf(!isRoot)('of somebody else are no older database', async () => {
    const path = temporaryFolder('lmdb');
    await olderDatabase(path);
    await chown(join(path, 'data.mdb'), 12_345, 12_345);
    expect(await opened(path).read('old')).toBeUndefined();
  });
});
