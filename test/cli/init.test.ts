/** The command `init`: what it writes, and what it refuses. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/folder.js';
import { initSuite, runInit } from './init-suite.js';

initSuite(['express']);

it('takes the framework that package.json names', async () => {
  const folder = temporaryFolder('init');
  writeFileSync(join(folder, 'package.json'), '{ "dependencies": { "koa": "^3.0.0" } }');
  const said = await runInit('--folder', folder);
  expect(readFileSync(join(folder, 'app.mjs'), 'utf8')).toContain("from 'koa'");
  expect(said).toContain(
    `To run it:\n\n  cd ${folder}\n  npm install convert-middleware koa\n  node app.mjs\n`,
  );
});

it('has a package made first where there is none, and names the one that npm would take', async () => {
  const parent = temporaryFolder('init');
  expect(await runInit('--framework', 'koa', '--folder', join(parent, 'shop', 'one'))).toMatch(
    /\n {2}npm init -y\n {2}npm install convert-middleware koa\n {2}node app\.mjs\n/,
  );
  writeFileSync(join(parent, 'package.json'), '{}');
  expect(await runInit('--framework', 'koa', '--folder', join(parent, 'shop', 'two'))).toContain(
    `without \`npm init -y\`, npm would install into ${parent}.\n`,
  );
});

it.each(['convert.json', 'app.mjs'])(
  'replaces no file: where there is %s, it writes nothing',
  async (name) => {
    const folder = temporaryFolder('init');
    writeFileSync(join(folder, name), 'mine');
    await expect(runInit('--framework', 'koa', '--folder', folder)).rejects.toThrow(
      `${name} exists already, and no file is replaced: nothing is written`,
    );
    expect(readdirSync(folder)).toEqual([name]);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('mine');
  },
);

it.each([
  [[], '--framework is missing: express, koa, fastify'],
  [['--framework', 'hapi'], "--framework must be one of express, koa, fastify (given 'hapi')"],
  [['--frame', 'koa'], "Unknown option '--frame'"],
  [['--framework', 'koa', '--folder', 'package.json'], 'can not write: '],
])('refuses %j', async (args, message) => {
  const folder = args.includes('--folder') ? [] : ['--folder', temporaryFolder('init')];
  await expect(runInit(...args, ...folder)).rejects.toThrow(message);
});
