/** The sentences of a Markdown file, without code, tables, headings and comments. */

const FENCED = /^([ \t]*)(`{3,}|~{3,})[^]*?^\1\2[ \t]*$/gm;
const COMMENT = /<!--[^]*?-->/g;
const NOT_PROSE = /^[ \t]*(?:#{1,6} |\||!\[|\[[^\]]+\]:|<\/?[a-z])/;
const LIST_ITEM = /^[ \t]*(?:[-*+]|\d+[.)])[ \t]+/;
const QUOTE = /^[ \t]*>[ \t]?/;
/** A sentence ends where a mark is followed by a blank and by what can begin another one. */
const END = /(?<=[.!?]["')]?)\s+(?=["'(]?[A-Z0-9`])/;
/** Inline code counts as one word, whatever it holds. */
const CODE = /(`+)(?!`)[^]*?(?<!`)\1(?!`)/g;
const LINK = /!?\[((?:[^[\]]|\[[^[\]]*\])*)\](?:\([^()\s]*(?:\([^()]*\)[^()\s]*)*\)|\[[^\]]*\])/g;

/** @returns {{ text: string, line: number, words: number, syllables: number }[]} */
export function sentencesOf(markdown) {
  return blocksOf(blanked(markdown)).flatMap(({ text, line }) =>
    plain(text)
      .split(END)
      .map((sentence) => ({ text: sentence.trim(), line, ...measured(sentence) }))
      .filter(({ words }) => words > 0),
  );
}

const blanked = (text) => text.replace(FENCED, withoutText).replace(COMMENT, withoutText);
const withoutText = (found) => found.replace(/[^\n]/g, '');

/** Paragraphs and items of lists, each with the line where it begins. */
function blocksOf(text) {
  const blocks = [];
  let open;
  for (const [index, given] of text.split('\n').entries()) {
    const line = given.replace(QUOTE, '');
    if (line.trim() === '' || NOT_PROSE.test(line)) open = undefined;
    else if (open === undefined || LIST_ITEM.test(line))
      blocks.push((open = { text: line.replace(LIST_ITEM, ''), line: index + 1 }));
    else open.text += ` ${line.trim()}`;
  }
  return blocks;
}

const plain = (text) =>
  text
    .replace(CODE, 'Code')
    .replace(LINK, '$1')
    .replace(/[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}/g, '');

function measured(sentence) {
  const words = sentence.match(/[\p{L}\p{N}][\p{L}\p{N}'’.,/-]*/gu) ?? [];
  return { words: words.length, syllables: words.reduce((sum, word) => sum + syllablesOf(word), 0) };
}

/** Groups of vowels, without an `e` that is not spoken. */
function syllablesOf(word) {
  const spoken = word.toLowerCase().replace(/(?:[^laeiouy]es|[^laeiouy]e|ed)$/, '');
  return Math.max(1, spoken.match(/[aeiouy]+/g)?.length ?? 0);
}
