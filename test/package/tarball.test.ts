/** What ships, in small cases: what the tarball holds and exports, an app, and what TypeScript says of it. */
import { describe } from 'vitest';
import { appSuite } from './apps.js';
import { contentSuite } from './contents.js';
import { exportSuite } from './exports.js';
import { describeTarball } from './suite.js';
import { typeSuite } from './types.js';

describeTarball((packed) => {
  describe('its contents', () => contentSuite(packed));
  describe('its exports', () => exportSuite(packed, []));
  describe('apps that use it', () => appSuite(packed, ['express.mjs'], { alone: true }));
  describe('TypeScript apps that use it', () => typeSuite(packed, ['core']));
});
