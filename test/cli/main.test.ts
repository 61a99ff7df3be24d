/** The command line, as `npx convert-middleware` runs it. */
import { spawnSync } from 'node:child_process';
import { afterEach, expect, it } from 'vitest';
import { addressOf, endAll, endedBy, start } from '../examples/processes.js';
import { ROOT } from '../examples/root.js';

afterEach(endAll);

it('serves with a token of its own, until it is told to end', async () => {
  const serving = start(['dist/cli.mjs', 'serve', '--project', 'examples/project.json', '--port', '0']);
  const url = await addressOf(serving);
  const token = await expect
    .poll(() => /the token of this run is (\S+)/.exec(serving.said())?.[1])
    .toMatch(/^exp_[0-9a-f]{24}$/)
    .then(() => /exp_[0-9a-f]{24}/.exec(serving.said())![0]);
  const body = JSON.stringify({ token, visitor_id: 'v_1', track_impression: false });
  const response = await fetch(`${url}/api/v1/experiments/assignments/homepage-hero`, {
    method: 'POST',
    body,
  });
  expect(await response.json()).toMatchObject({ success: true, in_experiment: true });
  expect(await endedBy(serving, 'SIGTERM')).toBe(0);
});

it('says which commands there are', () => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/cli.mjs', 'srve'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^there is no command 'srve'\n\n.*<command>/);
  expect(stderr).toContain('  serve    serves decisions');
});
