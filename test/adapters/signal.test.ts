/** `bridge.signal`: the variations in a cookie or a header, over real HTTP. */
import request from 'supertest';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConvertOptions } from '../../src/options/types.js';
import { testProject } from '../support/project.js';
import { CHROME } from './conformance.js';
import { express5Adapter } from './express.js';
import { fastify5Adapter } from './fastify.js';
import { fetchAdapter } from './fetch.js';
import type { Handler, RunningApp } from './harness.js';
import { koa3Adapter } from './koa.js';

interface Signals {
  /** The lines that set our cookie. */
  readonly cookies: readonly string[];
  readonly header: unknown;
}

const ADAPTERS = [express5Adapter, koa3Adapter, fastify5Adapter, fetchAdapter];

describe.each(ADAPTERS)('bridge.signal with $name', (adapter) => {
  let app: RunningApp | undefined;
  let warnings: string[];
  afterEach(async () => {
    await app?.close();
    await app?.convert.close({ timeout: 1 });
  });

  async function visit(
    handler: Handler,
    { options, headers, url = '/' }: { options?: ConvertOptions; headers?: object; url?: string } = {},
  ): Promise<Signals & { text: string }> {
    warnings = [];
    app = await adapter.start({
      convert: {
        project: testProject(),
        delivery: false,
        logger: {
          error: (message) => void warnings.push(message),
          warn: (message) => void warnings.push(message),
        },
        ...options,
      },
      routes: { '/': handler },
    });
    const answer = await request(app.url)
      .get(url)
      .set({ 'user-agent': CHROME, host: 'localhost', ...headers });
    expect(answer.status).toBe(200);
    const lines: string[] = [answer.headers['set-cookie'] ?? []].flat();
    return {
      cookies: lines.filter((line) => line.startsWith('cv_variations=')),
      header: answer.headers['x-convert-variations'] as unknown,
      text: answer.text,
    };
  }

  /** Asks for both, then decides, and answers with the key of the variation. */
  const both: Handler = (x) => {
    x.convert.bridge.signal({ cookie: true, header: true });
    x.send(200, x.convert.runExperience('homepage-hero')?.key ?? 'none');
  };

  it('writes what is decided until the head is written', async () => {
    const { cookies, header, text } = await visit(both);
    const json = `{"homepage-hero":"${text}"}`;
    expect(header).toBe(json);
    expect(cookies).toEqual([`cv_variations=${encodeURIComponent(json)}; Path=/; SameSite=Lax`]);
  });

  it('writes only what is asked for, also by several calls', async () => {
    const header = await visit((x) => {
      x.convert.bridge.signal({ header: true });
      x.send(200, '');
    });
    expect(header).toMatchObject({ cookies: [], header: '{}' });
    await app?.close();
    const cookie = await visit((x) => {
      x.convert.bridge.signal({ cookie: true });
      x.convert.bridge.signal({ cookie: true, header: false });
      x.send(200, '');
    });
    expect(cookie.cookies).toHaveLength(1);
    expect(cookie.header).toBeUndefined();
    await app?.close();
    const neither = await visit((x) => {
      x.convert.bridge.signal({});
      x.send(200, '');
    });
    expect(neither).toMatchObject({ cookies: [], header: undefined });
  });

  it.each<[string, ConvertOptions, string]>([
    ['without consent', { consent: { cookie: 'consent', granted: 'yes' } }, '/'],
    [
      'if it is decided silently',
      { consent: { cookie: 'consent', granted: 'yes', mode: 'silent' }, visitor: { id: () => 'user:1' } },
      '/',
    ],
    ['in a preview', {}, '/?convert_preview=101.1011'],
    ['if a shared cache may store the page', {}, '/'],
  ])('writes nothing %s', async (name, options, url) => {
    const isShared = name.includes('shared');
    const handler: Handler = (x) => {
      x.convert.bridge.signal({ cookie: true, header: true });
      x.convert.runExperience('homepage-hero');
      if (isShared) x.header('Cache-Control', 'public, max-age=60');
      x.send(200, '');
    };
    expect(await visit(handler, { options, url })).toMatchObject({ cookies: [], header: undefined });
  });

  it('takes the cookie back with the consent', async () => {
    const { cookies } = await visit((x) => x.send(200, x.convert.visitorId), {
      options: { consent: { cookie: 'consent', granted: 'yes' } },
      headers: { cookie: 'consent=no; cv_variations=%7B%7D' },
    });
    expect(cookies).toEqual([expect.stringMatching(/^cv_variations=; Max-Age=0; /)]);
  });

  it.skipIf(adapter.isNode === false)('says so if it is too late', async () => {
    await visit((x) => {
      x.takeOver().writeHead(200);
      x.convert.bridge.signal({ cookie: true });
      x.res.end();
    });
    expect(warnings.filter((each) => each.includes('after the response head was sent'))).toHaveLength(1);
  });

  it('says so if it is too much', async () => {
    const { header } = await visit(
      (x) => {
        x.convert.runExperiences();
        x.convert.bridge.signal({ header: true });
        x.send(200, '');
      },
      { options: { project: crowdedProject() } },
    );
    expect(String(header).length).toBeLessThanOrEqual(1024);
    expect(warnings.filter((each) => each.includes('room for 1024 characters'))).toHaveLength(1);
  });
});

/** A project whose variations have no room. */
function crowdedProject(): ReturnType<typeof testProject> {
  const project = testProject();
  const [first] = project.experiences!;
  const experiences = Array.from({ length: 100 }, (_, n) => ({
    ...first!,
    id: `9${n}`,
    key: `experience-${n}`,
  }));
  return { ...project, experiences };
}
