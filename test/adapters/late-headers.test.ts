/** Headers that other middlewares add in the last moment, as sessions do: they wrap `writeHead` before this package. */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import request, { type Response } from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { runningSession } from '../support/session.js';
import { appsOf } from './apps.js';
import { CHROME } from './conformance.js';
import { express5Adapter } from './express.js';
import type { Handler, RunningApp } from './harness.js';

const SESSION = 'connect.sid=s%3Aof-this-visitor; Path=/; HttpOnly';

/** Each sets a header right before the head is written. */
const LATE: Readonly<Record<string, (res: ServerResponse) => unknown>> = {
  session: (res) =>
    res.setHeader('Set-Cookie', [res.getHeader('Set-Cookie') ?? [], SESSION].flat().map(String)),
  // The package `cookies` goes past the method of the response, if that is one of Express.
  cookies: (res) => OutgoingMessage.prototype.setHeader.call(res, 'Set-Cookie', [SESSION]),
  public: (res) => res.setHeader('Cache-Control', 'public, max-age=60'),
  cdn: (res) => res.setHeader('CDN-Cache-Control', 'max-age=60'),
  status: (res) => (res.statusCode = 203),
};

/** Wraps `writeHead` as the package `on-headers` does, which express-session, cookie-session and compression use. */
function onHeaders(res: ServerResponse, listener: (res: ServerResponse) => unknown): void {
  const original = res.writeHead.bind(res);
  res.writeHead = (status: number) => {
    res.statusCode = status;
    listener(res);
    return original(res.statusCode);
  };
}

describe('with middlewares that wrap the response', () => {
  const apps = appsOf(express5Adapter);
  let app: RunningApp;

  const share: Handler = (x) => {
    x.convert.share({ key: ['homepage-hero'], seconds: 300 });
    x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');
  };
  const plain: Handler = (x) => x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');

  beforeEach(async () => {
    app = await apps.start({
      convert: apps.options({ secrets: 'a secret of the test' }),
      routes: { '/share': share, '/': plain },
      before({ req, res }) {
        const late = new URL(req.url!, 'http://a').searchParams.get('late') ?? 'nothing';
        onHeaders(res, () => undefined);
        onHeaders(res, LATE[late] ?? (() => undefined));
      },
    });
    await app.convert.ready();
  });

  const ask = (path: string, cookie = '') => request(app.url).get(path).set({ 'user-agent': CHROME, cookie });
  const control = ({ headers }: Response): unknown => headers['cache-control'];
  const namesOf = ({ headers }: Response): string[] =>
    ([headers['set-cookie'] ?? []] as string[][]).flat().map((line) => line.split('=')[0]!);
  const cookieOf = ({ headers }: Response, name: string): string =>
    ([headers['set-cookie'] ?? []] as string[][])
      .flat()
      .find((line) => line.startsWith(`${name}=`))!
      .split(';')[0]!;

  it.each(['session', 'cookies'])(
    'a cookie that comes late (%s) keeps a shared page from caches',
    async (late) => {
      const first = await ask('/share');
      const cookies = [cookieOf(first, 'cv_vid'), cookieOf(first, 'cv_key'), runningSession()].join('; ');
      const shared = await ask('/share', cookies);
      expect([control(shared), namesOf(shared)]).toEqual(['public, max-age=0, s-maxage=300', []]);
      for (let n = 0; n < 2; n++) {
        const own = await ask(`/share?late=${late}`, cookies);
        expect([control(own), own.text]).toEqual(['private, no-cache', first.text]);
        expect(namesOf(own)).toContain('connect.sid');
      }
      const [warning, ...more] = apps.logged;
      expect(warning).toMatch(/sets a cookie of the app.*"connect\.sid"/);
      expect(more).toEqual([]);
    },
  );

  it('a Cache-Control that comes late is heeded: caches that store a page get nobody', async () => {
    const page = await ask('/?late=public');
    expect([control(page), namesOf(page)]).toEqual(['public, max-age=60', []]);
    const [warning, ...more] = apps.logged;
    expect([warning, more]).toEqual([expect.stringContaining('private, max-age=60'), []]);
    expect(namesOf(await ask('/?late=cdn'))).toEqual([]);
    expect((await apps.delivered()).events).toEqual([]);
    const preview = await ask('/?late=public&convert_preview=101.1011');
    expect([control(preview), preview.text]).toEqual(['private, no-store', 'version-b']);
  });

  it('what they do else is left as it is', async () => {
    const page = await ask('/?late=session');
    expect([control(page), page.status]).toEqual(['private, no-cache', 200]);
    expect(namesOf(page).sort()).toEqual(['connect.sid', 'cv_ses', 'cv_vid']);
    expect((await ask('/?late=status')).status).toBe(203);
    expect((await apps.delivered()).events).toHaveLength(2);
    expect(apps.logged).toEqual([]);
  });
});
