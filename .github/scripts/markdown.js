/**
 * Reads the links and the headings of a Markdown file, as GitHub shows it. Fenced code, inline code and comments hold
 * no links. Two forms are not understood: headings that are underlined, and code that is only indented.
 */

/**
 * @typedef {{ target: string, line: number, start: number, end: number }} Link `start` and `end` are those of the
 * target.
 */

const FENCE = /^[ \t]*(?:>[ \t]*)*(?:[-*+][ \t]+|\d+[.)][ \t]+)?(`{3,}|~{3,})(.*)$/;
const HEADING = /^ {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$/;
/** Inline code ends within its paragraph. */
const CODE = /(?<![\\`])(`+)(?!`)(?:(?!\n[ \t]*\n)[^])*?(?<!`)\1(?!`)/g;
const COMMENT = /<!--[^]*?-->/g;

const TEXT = String.raw`\[((?:[^\[\]\\]|\\.|\[[^\[\]]*\])*)\]`;
const TITLE = String.raw`(?:\s+(?:"[^"]*"|'[^']*'|\([^)]*\)))?`;
const INLINE = new RegExp(
  String.raw`(!?)${TEXT}\(\s*(<[^<>\n]*>|(?:[^\s()]|\([^\s()]*\))*)${TITLE}\s*\)`,
  'gd',
);
const REFERENCE = new RegExp(String.raw`(!?)${TEXT}\[([^\[\]]*)\]`, 'g');
const DEFINITION = new RegExp(
  String.raw`^(?:>[ \t]*)* {0,3}\[([^\[\]^][^\[\]]*)\]:[ \t]*(<[^<>\n]*>|\S+)${TITLE}[ \t]*$`,
  'gmd',
);
const HTML = /<(?:a|img)\b[^>]*?\b(?:href|src)=(["'])([^"']*)\1/dgi;
const HTML_ANCHOR = /<\w+\b[^>]*?\b(?:id|name)=(["'])([^"']+)\1/gi;

/** @returns {{ links: Link[], anchors: Set<string>, undefinedLabels: { label: string, line: number }[] }} */
export function readMarkdown(text) {
  const prose = blank(blankFences(text), COMMENT);
  const plain = blank(prose, CODE);
  const lineAt = (offset) => text.slice(0, offset).split('\n').length;
  const links = [];
  const add = ([from, to]) => {
    const [start, end] = text[from] === '<' ? [from + 1, to - 1] : [from, to];
    links.push({ target: text.slice(start, end), line: lineAt(start), start, end });
  };
  for (const match of overlapping(plain, INLINE)) add(match.indices[3]);
  const labels = new Set();
  for (const match of plain.matchAll(DEFINITION)) {
    labels.add(normalLabel(match[1]));
    add(match.indices[2]);
  }
  for (const match of plain.matchAll(HTML)) add(match.indices[2]);

  const undefinedLabels = [];
  for (const match of overlapping(plain, REFERENCE)) {
    const label = match[3] === '' ? match[2] : match[3];
    if (!labels.has(normalLabel(label))) undefinedLabels.push({ label, line: lineAt(match.index) });
  }
  const named = [...plain.matchAll(HTML_ANCHOR)].map((match) => match[2]);
  return { links, anchors: new Set([...headingAnchors(prose), ...named]), undefinedLabels };
}

/** GitHub's anchors of headings: the second heading of the same text ends in `-1`. */
function headingAnchors(prose) {
  const seen = new Map();
  for (const line of prose.split('\n')) {
    const heading = HEADING.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let anchor = slug;
    let count = seen.get(slug) ?? 0;
    while (seen.has(anchor)) anchor = `${slug}-${(count += 1)}`;
    seen.set(slug, count);
    seen.set(anchor, seen.get(anchor) ?? 0);
  }
  return seen.keys();
}

/** GitHub keeps the letters, digits, `_` and `-` of the text that is shown, and makes `-` of blanks. */
function slugOf(heading) {
  const shown = heading
    .split(/(`+[^`]+`+)/)
    .map((part, index) => (index % 2 === 1 ? part : withoutMarkup(part)))
    .join('');
  return shown
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

function withoutMarkup(text) {
  return text
    .replace(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replace(/\]\([^)]*\)/g, '')
    .replace(/<[^>]+>/g, '')
    .replace(/(^|[^\p{L}\p{N}_])_+([^_]+)_+(?![\p{L}\p{N}_])/gu, '$1$2');
}

/** Markdown compares labels without regard to case and to the number of blanks. */
const normalLabel = (label) => label.trim().replace(/\s+/g, ' ').toLowerCase();

/** Yields matches that begin inside another match, too: an image in the text of a link. */
function* overlapping(text, pattern) {
  const search = new RegExp(pattern);
  for (let match = search.exec(text); match; match = search.exec(text)) {
    yield match;
    search.lastIndex = match.index + match[1].length + 1;
  }
}

/** Blanks take the place of the text that is left out, so that every position remains. */
const blank = (text, pattern) => text.replace(pattern, (found) => found.replace(/[^\n]/g, ' '));

function blankFences(text) {
  let fence;
  return text
    .split('\n')
    .map((line) => {
      const [, mark, info] = FENCE.exec(line) ?? [];
      if (fence === undefined) {
        // Three backticks with more of them on the same line are inline code.
        if (mark === undefined || (mark[0] === '`' && info.includes('`'))) return line;
        fence = mark;
      } else if (mark?.[0] === fence[0] && mark.length >= fence.length && info.trim() === '') {
        fence = undefined;
      }
      return line.replace(/./g, ' ');
    })
    .join('\n');
}

/**
 * The blocks of code between fences. `line` is that of the opening fence. `isWrong` is true for a block that shows
 * errors (```ts wrong).
 *
 * @returns {{ language: string, isWrong: boolean, code: string, line: number }[]}
 */
export function snippetsOf(text) {
  const found = [];
  let open;
  for (const [index, line] of text.split('\n').entries()) {
    const [, mark, info = ''] = FENCE.exec(line) ?? [];
    if (open === undefined) {
      if (mark === undefined || (mark[0] === '`' && info.includes('`'))) continue;
      const [language, ...words] = info.trim().split(/\s+/);
      open = { mark, language, isWrong: words.includes('wrong'), lines: [], line: index + 1 };
    } else if (mark?.[0] === open.mark[0] && mark.length >= open.mark.length && info.trim() === '') {
      const { language, isWrong, lines } = open;
      found.push({ language, isWrong, code: lines.join('\n'), line: open.line });
      open = undefined;
    } else open.lines.push(line);
  }
  return found;
}
