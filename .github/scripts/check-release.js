/**
 * Stops a release whose tag is not the version in package.json, or whose repository is still the placeholder:
 *
 *     node .github/scripts/check-release.js v1.2.3
 *
 * Prints the dist-tag for npm: `next` for a version like 2.0.0-beta.1, which must not become `latest`.
 */
import { readFileSync } from 'node:fs';
import { isPlaceholder } from './repository.js';

const tag = process.argv[2] ?? '';
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const faults = [];
if (tag !== `v${manifest.version}`) {
  faults.push(
    `The tag is '${tag}', but the version in package.json is ${manifest.version}: v${manifest.version}.`,
  );
}
if (isPlaceholder(manifest)) {
  faults.push("package.json doesn't name the repository yet: npm run set-repository <url>");
}
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(/^[\d.]+-/.test(manifest.version) ? 'next' : 'latest');
