/** What `init` writes runs as it is: over HTTP, in a folder with the packages that it names. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { init } from '../../src/cli/init.js';
import { addressOf, endAll, endedBy, start } from '../examples/processes.js';
import { ROOT } from '../examples/root.js';
import { CHROME, type FRAMEWORKS } from '../examples/shop.js';
import { temporaryFolder } from '../support/folder.js';

/** Runs the command, and returns what it says. */
export async function runInit(...args: string[]): Promise<string> {
  let said = '';
  const writes = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => (said += String(text)) !== ''),
  );
  try {
    await init.run(args);
    return said;
  } finally {
    for (const write of writes) write.mockRestore();
  }
}

/** Call it at the top of a test file. */
export function initSuite(frameworks: readonly (typeof FRAMEWORKS)[number][]): void {
  afterEach(endAll);

  it.each(frameworks)(
    'writes an app for %s, which shows both variations, and each visitor one',
    async (framework) => {
      const folder = temporaryFolder('init');
      const said = await runInit('--framework', framework, '--folder', folder);
      expect(said).toContain(`npm install convert-middleware ${framework}\n`);
      mkdirSync(join(folder, 'node_modules'));
      for (const [name, path] of Object.entries({
        'convert-middleware': ROOT,
        [framework]: join(ROOT, 'node_modules', framework),
      }))
        symlinkSync(path, join(folder, 'node_modules', name));

      const app = start([join(folder, 'app.mjs')]);
      const url = await addressOf(app);
      const headers = { 'User-Agent': CHROME };
      const seen = new Map<string, string>();
      for (let n = 0; n < 50 && seen.size < 2; n++) {
        const response = await fetch(url, { headers });
        const headline = /<h1>(.*)<\/h1>/.exec(await response.text())![1]!;
        seen.set(headline, response.headers.getSetCookie()[0]!.split(';')[0]!);
      }
      expect([...seen.keys()].sort()).toEqual(['Know what works.', 'Welcome']);
      for (const [headline, cookie] of seen) {
        const again = await fetch(url, { headers: { ...headers, cookie } });
        expect(await again.text()).toContain(`<h1>${headline}</h1>`);
      }
      const body = new URLSearchParams();
      expect(await (await fetch(`${url}/signup`, { method: 'POST', headers, body })).text()).toContain(
        'Thank you!',
      );
      expect(app.said()).toContain('so nothing is sent');
      expect(await endedBy(app, 'SIGTERM')).toBe(0);
    },
  );
}
