/** Examples that guides end in, beside those of `examples/guides`: apps for a container and for Redis, and tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { hasRedis, startRedis } from '../support/redis.js';
import { addressOf, endAll, endedBy, start } from './processes.js';
import { ROOT } from './root.js';
import { CHROME } from './shop.js';

const HEADLINE = /<h1>(.*)<\/h1>/;

/** Call it at the top of a test file. */
export function guideAppsSuite(): void {
  afterEach(endAll);

  it('docker/server.js is healthy, counts no health check, and ends on SIGTERM', async () => {
    const example = start(['examples/docker/server.js']);
    const url = await addressOf(example);
    const health = async (): Promise<unknown> => {
      const response = await fetch(`${url}/healthz`, { headers: { 'User-Agent': CHROME } });
      expect(response.headers.getSetCookie()).toEqual([]);
      return response.json();
    };
    await expect.poll(health).toEqual({ hasConfig: true, pending: 0, storeFails: false });
    const home = await fetch(url, { headers: { 'User-Agent': CHROME } });
    expect(await home.text()).toMatch(HEADLINE);
    expect(await endedBy(example, 'SIGTERM')).toBe(0);
    expect(example.said()).toMatch(/^closed$/m);
  });

  it('docker/Dockerfile is the one of the guide', () => {
    const [, shown] = /```dockerfile\n([^]*?)```/.exec(
      readFileSync(join(ROOT, 'docs/guides/docker.md'), 'utf8'),
    )!;
    expect(readFileSync(join(ROOT, 'examples/docker/Dockerfile'), 'utf8')).toBe(shown);
  });

  it('testing/app.test.js passes', async () => {
    const example = start(['--test', 'examples/testing/app.test.js']);
    expect(await example.ended).toBe(0);
    expect(example.said()).toMatch(/^. pass 4$/m);
  });

  it.skipIf(!hasRedis)('several-processes.js has one visitor in all processes', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.remove());
    const variables = { REDIS_URL: `redis://127.0.0.1:${redis.port}` };
    const processes = [1, 2].map(() => start(['examples/several-processes.js'], 0, variables));
    const [first, second] = await Promise.all(processes.map(addressOf));

    let cookies: string[] = [];
    const visit = async (url: string, cookie?: string): Promise<string> => {
      const response = await fetch(url, { headers: { 'User-Agent': CHROME, ...(cookie && { cookie }) } });
      cookies = response.headers.getSetCookie();
      return response.text();
    };
    const logIn = async (url: string, cookie: string): Promise<void> => {
      const headers = { 'User-Agent': CHROME, cookie };
      const response = await fetch(`${url}/login`, { method: 'POST', redirect: 'manual', headers });
      expect(response.status).toBe(303);
      cookies = response.headers.getSetCookie();
    };

    // On a busy machine, the first requests come before the config, and get the original page without a cookie.
    let page = await visit(first!);
    while (cookies.length === 0) page = await visit(first!);
    expect(page).toMatch(HEADLINE);
    const visitorId = /^cv_vid=([^;]+)/.exec(cookies[0]!)![1]!;
    await expect.poll(() => visit(second!, `cv_vid=${visitorId}`)).toBe(page);
    // A user's second device becomes the visitor of the first one, whichever process it comes to.
    await logIn(first!, `cv_vid=${visitorId}`);
    await logIn(second!, 'cv_vid=phone');
    expect(cookies.join('\n')).toMatch(new RegExp(`^cv_vid_next=.*${visitorId}`, 'm'));

    const codes = await Promise.all(processes.map((each) => endedBy(each, 'SIGTERM')));
    expect(codes).toEqual([0, 0]);
    const sent = processes.flatMap((each) => each.said().match(/^\S+ \{"eventType":"bucketing".*$/gm) ?? []);
    expect(sent).toEqual([expect.stringMatching(new RegExp(`^${visitorId} `))]);
  });
}
