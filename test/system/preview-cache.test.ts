/** A real cache in front of previews: nginx stores none of them, whatever the app says of its pages. */
import express from 'express';
import { createServer, type Server } from 'node:http';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertMiddleware } from '../../src/express.js';
import { listen, stop } from '../adapters/harness.js';
import { CHROME } from '../identity/support.js';
import { hasNginx, type Nginx, startNginx } from '../support/nginx.js';
import { testProject } from '../support/project.js';

const HEADERS = [
  ['Cache-Control', 'max-age=60'],
  ['Cache-Control', 'public, s-maxage=60'],
  ['X-Accel-Expires', '60'],
] as const;

describe.skipIf(!hasNginx)('nginx with proxy_cache in front of previews', () => {
  let middleware: ReturnType<typeof convertMiddleware>;
  let server: Server;
  let nginx: Nginx;

  beforeEach(async () => {
    middleware = convertMiddleware({
      project: testProject(),
      endpoints: { track: 'http://127.0.0.1:9' },
      preview: 'signed',
      previewCookie: true,
      secrets: 'a secret of the test',
      logger: false,
    });
    await middleware.convert.ready();
    const app = express().use(middleware);
    app.get('/', (req, res) => {
      const { name, value } = req.query as { name: string; value: string };
      res.set(name, value);
      res.send(req.convert.previewMark() || 'no preview');
    });
    server = createServer(app);
    nginx = await startNginx(await listen(server));
  });
  afterEach(async () => {
    await nginx?.stop();
    await stop(server);
    await middleware.convert.close({ timeout: 1 });
  });

  it.each(HEADERS)(
    '%s: %s: the page of a link, and the next one by the cookie, are stored for nobody',
    async (...header) => {
      const [name, value] = header;
      const url = `/?name=${name}&value=${encodeURIComponent(value)}`;
      const link = middleware.convert.previewLink(url, {
        variations: { 'homepage-hero': 'version-b' },
        expires: Date.now() + 60_000,
      });
      const get = async (path: string, cookie = '') => {
        const answer = await request(nginx.url).get(path).set({ 'user-agent': CHROME, cookie });
        const lines = ([answer.headers['set-cookie'] ?? []] as string[][]).flat();
        const kept = lines.find((line) => line.startsWith('cv_preview='))?.split(';')[0];
        return {
          cached: answer.headers['x-cache'] as string,
          isPreview: answer.text.includes('version-b'),
          kept,
        };
      };
      const first = await get(link);
      expect(first).toMatchObject({ cached: 'MISS', isPreview: true, kept: expect.any(String) });
      expect(await get(link)).toMatchObject({ cached: 'MISS', isPreview: true });
      expect(await get(url, first.kept)).toMatchObject({ cached: 'MISS', isPreview: true });
      // The first visitor who sees the page itself finds it in no cache, the second one does.
      expect(await get(url)).toEqual({ cached: 'MISS', isPreview: false, kept: undefined });
      expect(await get(url)).toMatchObject({ cached: 'HIT', isPreview: false });
      const exit = await get(`${url}&convert_preview=off`, first.kept);
      expect(exit).toMatchObject({ cached: 'MISS', isPreview: false, kept: 'cv_preview=' });
      expect(await get(`${url}&convert_preview=off`)).toMatchObject({ cached: 'MISS', kept: undefined });
    },
  );
});
