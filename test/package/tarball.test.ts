/** What ships, in small cases: what the tarball holds and exports, and one app of each kind. */
import { describe } from 'vitest';
import { appSuite } from './apps.js';
import { contentSuite } from './contents.js';
import { exportSuite } from './exports.js';
import { pnpmSuite } from './pnpm.js';
import { describeTarball } from './suite.js';
import { typeSuite } from './types.js';

describeTarball((packed) => {
  describe('its contents', () => contentSuite(packed));
  describe('its exports', () => exportSuite(packed, ['convert-middleware']));
  describe('apps that use it', () => appSuite(packed, ['express.mjs', 'koa.cjs']));
  describe('TypeScript apps that use it', () => typeSuite(packed, ['nodenext', 'core']));
  describe('a pnpm workspace', () => pnpmSuite(packed, { scripts: ['fastify.mjs'], modules: [] }));
});
