/** The docs show what the example prints: one explanation for each reason that there is. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { ROOT } from './root.js';

it('explain.js prints what the docs show, for every documented reason', async () => {
  const run = promisify(execFile)(process.execPath, ['examples/explain.js'], { cwd: ROOT });
  const { stdout, stderr } = await run;
  expect(stderr).toBe('');
  const page = readFileSync(join(ROOT, 'docs/reference/explain.md'), 'utf8');
  const reasons = page.slice(page.indexOf('\n## Reasons\n'), page.indexOf('\n## Rules that failed\n'));
  // Who is bucketed where depends on an id that is drawn.
  const comparable = (text: string): string => text.replace(/(variation: \{ key: )'[ab]'/g, "$1'?'");
  expect(comparable(page)).toContain(comparable(stdout.trim()));

  const printed = [...stdout.matchAll(/reason: '([a-z-]+)'/g)].map(([, reason]) => reason);
  const documented = [...reasons.matchAll(/^\| `([a-z-]+)` \|/gm)].flatMap(([, reason]) =>
    // A draft comes with a `debugToken` only, and so from the endpoint, which an example does not call.
    reason === 'draft' ? [] : reason,
  );
  expect(printed).toEqual(documented);
  expect(new Set(documented).size).toBe(20);
});
