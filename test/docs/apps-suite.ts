/** Tests of the blocks of code in README and docs that are a whole app: each runs as it stands, but on a free port. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { addressOf, endAll, endedBy, start } from '../examples/processes.js';
import { ROOT } from '../examples/root.js';
import { CHROME } from '../examples/shop.js';
import { hasRedis, startRedis } from '../support/redis.js';

/** An app imports what it uses, and listens. */
const IS_APP = [/^import /m, /\.listen\(/];

/** Has the app print its address, as apps in the documentation do not. */
const SAY_ADDRESS = `data:text/javascript,${encodeURIComponent(`
  import { Server } from 'node:net';
  const { listen } = Server.prototype;
  Server.prototype.listen = function (...args) {
    this.once('listening', () => console.log('http://localhost:' + this.address().port));
    return listen.apply(this, args);
  };
`)}`;

const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);
const apps = ['README.md', ...pages].flatMap((page) =>
  [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```js\n([^]*?)^```$/gm)]
    .map(([, code]) => code!)
    .filter((code) => IS_APP.every((pattern) => pattern.test(code)))
    .map((code, index) => ({ name: `${page}, ${index + 1}`, code })),
);

/** Call it at the top of a test file. */
export function appsSuite(): void {
  describe('an app in the documentation', () => {
    afterEach(endAll);

    it('is found in the README, four times', () => {
      expect(apps.filter(({ name }) => name.startsWith('README.md'))).toHaveLength(4);
    });

    it.each(apps)('answers, and ends as it says: $name', async ({ code }) => {
      const variables: Record<string, string> = {
        CONVERT_PROJECT_FILE: join(ROOT, 'examples/starters/convert.json'),
        CONVERT_SECRET: 'a secret of 16 characters or more',
      };
      if (code.includes('REDIS_URL')) {
        if (!hasRedis) return;
        const redis = await startRedis();
        onTestFinished(() => redis.remove());
        variables.REDIS_URL = `redis://127.0.0.1:${redis.port}`;
      }
      const args = ['--import', SAY_ADDRESS, '--input-type=module', '--eval', code.replaceAll('3000', '0')];
      const app = start(args, 0, variables);
      const page = await fetch(await addressOf(app), { headers: { 'User-Agent': CHROME } });
      expect(await page.text()).toMatch(/^<h1>Hello(?:, B)?<\/h1>$|Cannot GET/);
      expect(await endedBy(app, 'SIGTERM')).toBe(code.includes('SIGTERM') ? 0 : null);
    });
  });
}
