/** What ships for hosts without Node, in a realm that has what all of them have, and nothing of Node. */
import { createContext, Script } from 'node:vm';
import { build } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';
import { testProject } from '../support/project.js';

/** What is there without an import on all of these hosts. Timers are numbers, as on most of them. */
function globals(posts: string[]) {
  let timers = 0;
  const running = new Map<number, NodeJS.Timeout>();
  return {
    ...{ Request, Response, Headers, URL, URLSearchParams, AbortController, ReadableStream, console },
    ...{ TextEncoder, TextDecoder, crypto, performance, atob, btoa, structuredClone, queueMicrotask },
    setTimeout(work: () => void, delay: number) {
      running.set((timers += 1), setTimeout(work, delay));
      return timers;
    },
    clearTimeout: (timer: number) => clearTimeout(running.get(timer)),
    fetch: async (_url: string, { body }: { body: string }) => {
      posts.push(body);
      return new Response('{}');
    },
  };
}

const ENTRIES = ['fetch', 'webhook', 'assignment', 'ours-privacy']
  .map((name) => `export * from './dist/${name}.mjs';`)
  .join('');

let code = '';
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: ENTRIES, resolveDir: process.cwd() },
    bundle: true,
    // Modules of Node are not found on this platform, so that an import of one, also on demand, fails the build.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'iife',
    globalName: 'convertFetch',
    write: false,
    logLevel: 'silent',
  });
  code = outputFiles[0]!.text;
});

it('decides, sets the cookie and sends the exposure', async () => {
  const posts: string[] = [];
  const realm = createContext({
    ...globals(posts),
    project: JSON.stringify(testProject()),
    user: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0',
  });
  new Script(code).runInContext(realm);
  const app = `
    const handle = convertFetch.withConvert(
      (_, convert) => new Response(convert.runExperience('homepage-hero').key + ' ' + convert.carry()),
      {
        project: JSON.parse(project),
        secrets: 'a secret of sixteen characters',
        visitor: { cookie: { signed: true }, fingerprint: undefined },
        assignmentCookie: true,
      },
    );
    handle(new Request('https://shop.example/?utm_campaign=sprüche', { headers: { 'user-agent': user } }));
  `;
  const response = (await new Script(app).runInContext(realm)) as Response;
  const [variation] = (await response.text()).split(' ');
  expect(variation).toMatch(/^(original|version-b)$/);
  const names = response.headers.getSetCookie().map((line) => line.split('=')[0]);
  expect(names).toEqual(expect.arrayContaining(['cv_vid', 'cv_sig', 'cv_asg', 'cv_ses']));
  expect(posts.map((body) => (JSON.parse(body) as { visitors: unknown[] }).visitors.length)).toEqual([1]);
});
