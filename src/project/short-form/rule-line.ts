/**
 * Reads rules that are written in one line, such as `country is US and device is mobile`, and makes Convert's rules of
 * them. docs/reference/project-file.md has the grammar.
 */
import type { Rule, RuleSet } from '../../model/project-config.js';
import { LOCATION_NAMES, VISITOR_NAMES } from '../../model/property-names.js';

/** What a line is about: only properties of the visitor, or only properties of the page, have a value there. */
export type Subject = 'visitor' | 'page';

interface Operator {
  readonly match: string;
  readonly negated: boolean;
  /** The number of values: none, one, or a list. A list is one rule for each value. Default one. */
  readonly values?: 'none' | 'list';
}

const of = (match: string, negated = false, values?: Operator['values']): Operator => ({
  match,
  negated,
  ...(values && { values }),
});

/** The operators, each with what it is in Convert's rules. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  is: of('matches'),
  'is not': of('matches', true),
  'is one of': of('matches', false, 'list'),
  'is none of': of('matches', true, 'list'),
  contains: of('contains'),
  'does not contain': of('contains', true),
  'starts with': of('startsWith'),
  'ends with': of('endsWith'),
  matches: of('regexMatches'),
  'is below': of('less'),
  'is at most': of('lessEqual'),
  'is above': of('lessEqual', true),
  'is at least': of('less', true),
  exists: of('exists', false, 'none'),
  'does not exist': of('doesNotExist', false, 'none'),
};

/** The operators in words, the longest first: `is` is the beginning of others. */
const PHRASES = Object.keys(OPERATORS)
  .map((phrase) => ({ phrase, words: phrase.split(' ') }))
  .sort((one, other) => other.words.length - one.words.length);

const ELSEWHERE: Readonly<Record<Subject, { names: readonly string[]; hint: string }>> = {
  visitor: { names: LOCATION_NAMES, hint: 'is about the page: write the rule as `location`' },
  page: { names: VISITOR_NAMES, hint: 'is about the visitor: write the rule as `audience`' },
};

/** A text in quotes, a comma, or a word. A quote that is not closed is a token of its own. */
const TOKEN = /"([^"]*)"|'([^']*)'|["',]|[^\s"',][^\s",]*/g;

interface Token {
  /** Without the quotes. */
  readonly text: string;
  readonly isQuoted: boolean;
  /** The position of the first character, counted from 1. */
  readonly at: number;
}

/** Says what is wrong with a line, and where. */
export class LineProblem extends Error {}

/** @throws LineProblem */
export function rulesOf(line: string, subject: Subject): RuleSet {
  const tokens = [...line.matchAll(TOKEN)].map((match): Token => {
    const quoted = match[1] ?? match[2];
    return { text: quoted ?? match[0], isQuoted: quoted !== undefined, at: match.index + 1 };
  });
  return new LineReader(tokens, subject).rules();
}

class LineReader {
  readonly #tokens: readonly Token[];
  readonly #subject: Subject;
  #next = 0;

  constructor(tokens: readonly Token[], subject: Subject) {
    this.#tokens = tokens;
    this.#subject = subject;
  }

  rules(): RuleSet {
    const branches: RuleSet['OR'] = [];
    do branches.push({ AND: this.#branch() });
    while (this.#take('or'));
    if (this.#next < this.#tokens.length) {
      const before = this.#tokens[this.#next - 1]!;
      const both = `'${before.text} ${this.#tokens[this.#next]!.text}'`;
      const hint = isPlain(before) ? `; a value of several words stands in quotes: ${both}` : '';
      this.#fail(`here, the line ends or goes on with 'and' or 'or'${hint}`);
    }
    return { OR: branches };
  }

  #branch(): { OR_WHEN: Rule[] }[] {
    const parts: { OR_WHEN: Rule[] }[] = [];
    do parts.push(...this.#rule());
    while (this.#take('and'));
    return parts;
  }

  /** Reads one rule of the line. A list of values that must all differ is a rule for each. */
  #rule(): { OR_WHEN: Rule[] }[] {
    const key = this.#property();
    const { phrase, words } =
      PHRASES.find((each) => this.#isAhead(each.words)) ??
      this.#fail(`here, an operator is meant: ${Object.keys(OPERATORS).join(', ')}`);
    this.#next += words.length;
    const { match, negated, values: count } = OPERATORS[phrase]!;
    const values = count === 'none' ? [''] : [this.#value(phrase)];
    while (count === 'list' && this.#take(',')) values.push(this.#value(','));
    const rules = values.map((value): Rule => ({
      rule_type: 'generic_text_key_value',
      key,
      value,
      matching: { match_type: match, negated },
    }));
    return negated ? rules.map((rule) => ({ OR_WHEN: [rule] })) : [{ OR_WHEN: rules }];
  }

  #property(): string {
    const token = this.#tokens[this.#next];
    if (token === undefined || !isPlain(token) || !/^[\p{L}_$][\p{L}\p{N}_$.-]*$/u.test(token.text))
      return this.#fail('here, the name of a property is meant, such as country');
    const { names, hint } = ELSEWHERE[this.#subject];
    if (names.includes(token.text)) return this.#fail(`the property ${token.text} ${hint}`);
    this.#next += 1;
    return token.text;
  }

  #value(after: string): string {
    const token = this.#tokens[this.#next];
    if (token === undefined || (!token.isQuoted && !isPlain(token)))
      return this.#fail(`here, a value is meant, after '${after}'; a value such as 'and' stands in quotes`);
    this.#next += 1;
    return token.text;
  }

  #isAhead(words: readonly string[]): boolean {
    return words.every((word, index) => isWord(this.#tokens[this.#next + index], word));
  }

  #take(word: string): boolean {
    if (!isWord(this.#tokens[this.#next], word)) return false;
    this.#next += 1;
    return true;
  }

  /** @throws LineProblem that tells the place of the next token */
  #fail(problem: string): never {
    const token = this.#tokens[this.#next];
    const place = token === undefined ? 'at its end' : `character ${token.at} (${token.text})`;
    throw new LineProblem(`${place}: ${problem}`);
  }
}

const isWord = (token: Token | undefined, word: string): boolean =>
  token !== undefined && !token.isQuoted && token.text.toLowerCase() === word;

/** True for a word that may be a name or a value. */
function isPlain({ text, isQuoted }: Token): boolean {
  return !isQuoted && !['and', 'or', ',', '"', "'"].includes(text.toLowerCase());
}
