/** What ships: the tarball, unpacked into the folders of apps as a package manager would. */
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { appSuite } from './apps.js';
import { contentSuite } from './contents.js';
import { exportSuite } from './exports.js';
import { pnpmSuite } from './pnpm.js';
import type { Packed } from './suite.js';
import { pack } from './tarball.js';
import { typeSuite } from './types.js';

/** Compilers and servers start by the dozen here, and other tests run beside them: milliseconds. */
const PATIENCE = 180_000;

describe('the tarball', { timeout: PATIENCE }, () => {
  const temp = temporaryFolder('package', afterAll, realpathSync(tmpdir()));
  let packed: Packed | undefined;
  beforeAll(async () => {
    packed = { temp, tarball: await pack(temp) };
  }, PATIENCE);
  const whenPacked = (): Packed => {
    if (!packed) throw new Error('there is no tarball');
    return packed;
  };

  describe('its contents', () => contentSuite(whenPacked));
  describe('its exports', () => exportSuite(whenPacked));
  describe('apps that use it', () => appSuite(whenPacked));
  describe('TypeScript apps that use it', () => typeSuite(whenPacked));
  describe('a pnpm workspace', () => pnpmSuite(whenPacked));
});
