/** `npm run check:docs`: long sentences and riddles do not pass. */
import { expect, it } from 'vitest';
import { proseOf } from '../../.github/scripts/check-prose.js';

/** What the checker says of one page: its complaints, without the name of the page, and its last line. */
function check(text: string): { complaints: string[]; last: string } {
  const { problems, summary } = proseOf([{ file: 'page.md', text }]);
  return { complaints: problems.map((line) => line.replace('page.md:', '')), last: summary };
}

const long = (words: number) => `${'word '.repeat(words - 1)}end.`;

it('counts the sentences of paragraphs and lists, without code, tables and headings', () => {
  const { complaints, last } = check(`# ${long(40)}

One fact. Another \`fact. Here\`, by 1.5 in [a link. It](https://example.com/a.b) goes on.

- an item
- an item that
  goes on

| ${long(40)} |

\`\`\`js
${long(40)}
\`\`\`

<!-- ${long(40)} -->
`);
  expect(complaints).toEqual([]);
  expect(last).toMatch(/^1 documents, 5 sentences: 3\.8 words on average, reading ease \d+$/);
});

it('takes no sentence of over 35 words', () => {
  expect(check(`Short.\n\n${long(35)}\n`).complaints).toEqual([]);
  expect(check(`Short. Short. Short.\n\n${long(36)}\n`).complaints).toEqual([
    expect.stringMatching(/^3: a sentence of 36 words, at most 35: word/),
  ]);
});

it('takes no text of over 18 words a sentence', () => {
  expect(check(`${long(18)}\n`).complaints).toEqual([]);
  expect(check(`${long(19)}\n`).complaints).toEqual(['19.0 words a sentence, at most 18 on average']);
});

it('takes no riddle', () => {
  expect(check("The id, since the head is sent,\ncan't be handed out any more.\n").complaints).toEqual([
    expect.stringMatching(/^1: "can't be handed out any more" is a riddle/),
  ]);
});

it('takes no table of over three columns', () => {
  const table = (columns: number) => `${'| a '.repeat(columns)}|\n${'| --- '.repeat(columns)}|\n`;
  expect(check(`Short.\n\n${table(3)}`).complaints).toEqual([]);
  expect(check(`Short.\n\n${table(4)}`).complaints).toEqual(['4: a table of 4 columns, at most 3']);
});
