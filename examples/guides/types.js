/** The keys of a project as TypeScript, and a check that they are up to date. Run: node examples/guides/types.js */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'types-'));
const inFolder = (name) => join(folder, name);

/** As `npx convert-middleware types --project convert.json` does in the folder of an app. */
function types(...args) {
  const command = fileURLToPath(new URL('cli.mjs', import.meta.resolve('convert-middleware')));
  const all = [command, 'types', '--project', 'convert.json', ...args];
  const { stdout, stderr, status } = spawnSync(process.execPath, all, { cwd: folder, encoding: 'utf8' });
  return `${stdout}${stderr}exit code ${status}`;
}

const project = {
  experiences: {
    'price-test': {
      variations: {
        original: { features: { 'buy-button': { price: 49, caption: 'Buy' } } },
        cheap: { features: { 'buy-button': { price: 39, caption: 'Get it' } } },
      },
    },
  },
  goals: ['purchase'],
};

// Try it: the file for a project.
writeFileSync(inFolder('convert.json'), JSON.stringify(project));
console.log(types());
console.log(readFileSync(inFolder('convert.d.ts'), 'utf8').trimEnd());

// Somebody adds an experience, and forgets the file: the check in CI fails.
project.experiences['homepage-hero'] = ['original', 'version-b'];
writeFileSync(inFolder('convert.json'), JSON.stringify(project));
console.log(types('--check'));

rmSync(folder, { recursive: true });
