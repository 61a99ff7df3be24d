/**
 * Writes the address of the repository on GitHub into package.json, and into the links of errors and warnings:
 *
 *     npm run set-repository https://github.com/somebody/convert-middleware
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { isPlaceholder, repositoryFields, repositoryPage, withRepository } from './repository.js';

const file = new URL('../../package.json', import.meta.url);
const help = new URL('../../src/utils/help.ts', import.meta.url);

const page = process.argv.length === 3 ? repositoryPage(process.argv[2]) : undefined;
if (page === undefined || isPlaceholder({ repository: page })) {
  console.error(
    'set-repository needs the address of your repository on GitHub, in one of these forms (also without .git):\n' +
      '  https://github.com/owner/name.git\n' +
      '  git+https://github.com/owner/name.git\n' +
      '  ssh://git@github.com/owner/name.git\n' +
      '  git@github.com:owner/name.git\n' +
      'Nothing is changed.',
  );
  process.exit(1);
}

const fields = repositoryFields(page);
const others = Object.entries(JSON.parse(readFileSync(file, 'utf8'))).filter(([name]) => !(name in fields));
const place = others.findIndex(([name]) => name === 'license') + 1 || others.length;
const manifest = Object.fromEntries(others.toSpliced(place, 0, ...Object.entries(fields)));
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
writeFileSync(help, withRepository(readFileSync(help, 'utf8'), page));
console.log(`package.json and src/utils/help.ts now name ${page}`);
