/**
 * Checks how the documentation is written: sentences are short, tables are narrow, and phrases that nobody understood
 * do not come back. Code, tables and headings have no sentences. Run: `npm run check:docs`, or
 * `node .github/scripts/check-prose.js FILE ...` for the sentences of some files, longest first.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sentencesOf } from './prose.js';

/** Words of a sentence: on average, and at most. */
const MEAN = 18;
const MOST = 35;

/** Columns of a table: more can't be read on a phone. */
const COLUMNS = 3;

/** Phrases of an earlier documentation that readers had to read twice. */
const RIDDLES = [
  "can't be handed out any more",
  'honoured and made up for',
  'of whom nothing is stored yet',
  'who has taken part in nothing',
  'by who sends it',
  'against itself 0.',
  'raising the traffic moves nobody',
  'is nobody of whom',
  'what they had put in',
  'in either direction',
  'out of our hands',
  'puts right',
  'is put right',
  'it is not ours',
  'goes without saying',
  'it is hashed and sent as it is',
  'counts on being new',
  'is heeded:',
  'no other cookie has in its own',
  'take the place of retries',
];

/**
 * Checks pages, `{ file, text }` each.
 *
 * @returns the sentences of all of them, what is wrong, and a line that sums it up
 */
export function proseOf(pages) {
  const sentences = pages.flatMap(({ file, text }) =>
    sentencesOf(text).map((sentence) => ({ ...sentence, file })),
  );
  const sum = (field) => sentences.reduce((total, sentence) => total + sentence[field], 0);
  const mean = sum('words') / sentences.length;
  // Flesch's formula (https://en.wikipedia.org/wiki/Flesch%E2%80%93Kincaid_readability_tests): 60 and more is plain.
  const ease = 206.835 - 1.015 * mean - 84.6 * (sum('syllables') / sum('words'));
  const problems = sentences.flatMap(({ file, line, words, text }) => {
    const riddles = RIDDLES.filter((phrase) => text.toLowerCase().includes(phrase));
    return [
      ...(words > MOST ? [`${file}:${line}: a sentence of ${words} words, at most ${MOST}: ${text}`] : []),
      ...riddles.map((phrase) => `${file}:${line}: "${phrase}" is a riddle: say it in plain words`),
    ];
  });
  for (const { file, text } of pages) {
    for (const [at, line] of text.split('\n').entries()) {
      const columns = /^\|[-:| ]+\|$/.test(line) ? line.split('|').length - 2 : 0;
      if (columns > COLUMNS)
        problems.push(`${file}:${at + 1}: a table of ${columns} columns, at most ${COLUMNS}`);
    }
  }
  if (mean > MEAN) problems.push(`${mean.toFixed(1)} words a sentence, at most ${MEAN} on average`);
  const summary =
    `${pages.length} documents, ${sentences.length} sentences: ${mean.toFixed(1)} words on average,` +
    ` reading ease ${ease.toFixed(0)}`;
  return { sentences, problems, summary };
}

if (realpathSync(process.argv[1]) === import.meta.filename) {
  const root = join(import.meta.dirname, '../..');
  const docs = readdirSync(join(root, 'docs'), { recursive: true }).filter((file) => file.endsWith('.md'));
  const given = process.argv.slice(2);
  const files = given.length > 0 ? given : ['README.md', ...docs.map((file) => join('docs', file))];
  const pages = files.map((file) => ({ file, text: readFileSync(resolve(root, file), 'utf8') }));
  const { sentences, problems, summary } = proseOf(pages);
  if (given.length > 0) {
    const longest = sentences.toSorted((a, b) => b.words - a.words).slice(0, 20);
    for (const { file, line, words, text } of longest)
      console.log(`${file}:${line}: ${words} words: ${text}`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  console.log(summary);
}
