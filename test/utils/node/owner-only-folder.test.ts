import { chmodSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkOwnerOnlyFolder, type FolderEntry } from '../../../src/utils/node/owner-only-folder.js';
import { temporaryFolder } from '../../support/folder.js';

let parent: string;
beforeEach(() => (parent = temporaryFolder('owner-only')));

/** A check of a folder that looks like this, and whose permissions stay as they are. */
const checkOf = (entry: Partial<FolderEntry>) =>
  checkOwnerOnlyFolder('folder', {
    inspect: async () => ({ kind: 'folder', uid: process.getuid?.(), mode: 0o700, ...entry }),
    makePrivate: async () => {},
  });

describe.runIf(process.getuid)('a folder that has to be for its owner only', () => {
  it('is made private if it is ours and open to others', async () => {
    const folder = join(parent, 'open');
    mkdirSync(folder);
    chmodSync(folder, 0o770);
    expect(await checkOwnerOnlyFolder(folder)).toBe('private');
    expect(lstatSync(folder).mode & 0o777).toBe(0o700);
  });

  it('may be missing, a link or a file', async () => {
    expect(await checkOwnerOnlyFolder(join(parent, 'none'))).toBe('missing');
    symlinkSync(parent, join(parent, 'link'));
    expect(await checkOwnerOnlyFolder(join(parent, 'link'))).toBe('link');
    writeFileSync(join(parent, 'file'), '');
    expect(await checkOwnerOnlyFolder(join(parent, 'file'))).toBe('no-folder');
  });

  it('may be of somebody else, or stay open', async () => {
    expect(await checkOf({})).toBe('private');
    expect(await checkOf({ uid: 4_242_424 })).toBe('foreign');
    expect(await checkOf({ mode: 0o750 })).toBe('open');
  });
});
