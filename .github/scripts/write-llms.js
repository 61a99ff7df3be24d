/**
 * Writes `docs/llms.txt`, the list of all pages in the form of https://llmstxt.org, from the index of the documentation.
 * Run: `npm run docs`. With `--check`, nothing is written, and the exit code is 1 if the file is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const docs = join(import.meta.dirname, '../../docs');
const file = join(docs, 'llms.txt');
const HEAD = `# convert-middleware

> Server-side A/B testing with Convert (convert.com) for Express, Koa and Fastify, and for any backend that has Request and
> Response. \`req.convert.runExperience(key)\` decides; visitor ids, consent, sticky decisions and delivery are done.

- [README](../README.md): the first run, quick starts, what is guaranteed
- [CHANGELOG](../CHANGELOG.md): what changed
- [Examples](../examples): complete apps
`;

const pages = readFileSync(join(docs, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) return ['', `## ${heading}`, ''];
    const [, link, text = ''] = /^\| (\[[^\]]+\]\([^)]+\)) \| (.*) \|$/.exec(line) ?? [];
    return link === undefined ? [] : [text === '' ? `- ${link}` : `- ${link}: ${text}`];
  });
const text = `${HEAD}${pages.join('\n')}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('docs/llms.txt is not up to date: run `npm run docs`');
  process.exitCode = 1;
}
