/** What ships: every app, compiler setting and layout that the tarball is used with. */
import { afterAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { appSuite } from './apps.js';
import { bundleSuite } from './bundles.js';
import { exportSuite } from './exports.js';
import { pnpmSuite } from './pnpm.js';
import { describeTarball } from './suite.js';
import { packFromSources } from './tarball.js';
import { typeSuite } from './types.js';

describeTarball((packed) => {
  it('is the same when it is built from the sources alone', async () => {
    const { files, read } = packed().tarball;
    const other = await packFromSources(temporaryFolder('sources-alone', afterAll));
    expect(other.files).toEqual(files);
    expect(files.filter((file) => other.read(file) !== read(file))).toEqual([]);
  });

  describe('its exports', () => exportSuite(packed));
  describe('apps that use it', () => appSuite(packed));
  describe('an app that is bundled', () => bundleSuite(packed));
  describe('TypeScript apps that use it', () => typeSuite(packed));
  describe('a pnpm workspace', () => pnpmSuite(packed));
});
