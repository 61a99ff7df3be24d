/** The consent platforms: what each one's cookies mean, and that no cookie can break them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Consent } from '../../../src/consent/consent.js';
import { PLATFORM_NAMES, PLATFORMS } from '../../../src/consent/platforms/index.js';
import { incoming } from '../../identity/support.js';
import { mutatedStrings, type Read, readerOf } from './mutated-strings.js';
import { KINDS, STRINGS } from './strings.js';

const SOURCE = 'test/consent/platforms/strings.json; see CONTRIBUTING.md, Add a consent platform';
const REFERENCE_PATH = 'docs/reference/consent-platforms.md';
/** The first cell of a row: `'onetrust'`, or `{ platform: 'klaro', service }`. */
const ROW = /^\| `(?:\{ platform: )?'(\w+)'/gm;
const DOCUMENTED = [...readFileSync(REFERENCE_PATH, 'utf8').matchAll(ROW)].map(([, name]) => name);

describe.each(PLATFORM_NAMES)('%s', (platform) => {
  const captured = STRINGS[platform] ?? [];

  it('has strings of every kind', () => {
    const missing = Object.keys(KINDS).filter((name) => !captured.some(({ kind }) => kind === name));
    expect(missing, `add cookies of these kinds for '${platform}' to ${SOURCE}`).toEqual([]);
    for (const each of captured) {
      const answers: readonly Consent[] = KINDS[each.kind] ?? [];
      expect(answers, `no answer of its kind: ${JSON.stringify(each)}, '${platform}' in ${SOURCE}`).toContain(
        each.answer,
      );
    }
  });

  it('is in the reference', () => {
    expect(DOCUMENTED, `add a row for '${platform}' to ${REFERENCE_PATH}`).toContain(platform);
  });

  it.each(captured)('$kind: $cookie', ({ answer, cookie, ids }) => {
    const read = readerOf(platform, ids);
    expect(read(cookie)).toBe(answer);
    expect(read(`first=1; ${cookie}; last=2`)).toBe(answer);
  });

  it.each(captured)('C3: quoted: $kind: $cookie', ({ answer, cookie, ids }) => {
    expect(readerOf(platform, ids)(cookie.replace(/=([^;]*)/g, '="$1"'))).toBe(answer);
  });

  it('no cookie: unknown', () => {
    const ids = captured[0]?.ids;
    const read: Read = PLATFORMS[platform].reader(ids ?? {});
    expect(read(incoming())).toBe('unknown');
    expect(readerOf(platform, ids)('other=1')).toBe('unknown');
  });

  it('is cut off nowhere so that it grants what the whole does not', () => {
    for (const { answer, cookie, ids } of captured) {
      // Of several sites' cookies, the first may be whole.
      if (answer === 'granted' || cookie.split('_iub_cs-').length > 2) continue;
      const read = readerOf(platform, ids);
      for (let length = 0; length < cookie.length; length++) {
        expect(read(cookie.slice(0, length)), cookie.slice(0, length)).not.toBe('granted');
      }
    }
  });

  it('takes no longer value than browsers keep', () => {
    for (const { cookie, ids } of captured) {
      const equals = cookie.indexOf('=') + 1;
      const name = cookie.slice(0, equals);
      for (const filler of ['%25', '{', '[', '%', ',', '_iub_cs-1=', 'C', '=', '&', '|1']) {
        const hostile = `${name}${filler.repeat(Math.ceil(16_384 / filler.length))}`;
        expect(readerOf(platform, ids)(`${hostile}; OptanonAlertBoxClosed=1`)).toBe('unknown');
      }
    }
  });
});

describe('any of these strings, changed in any way', () => mutatedStrings(2_000));

it('the guide shows cookies to try by hand, each of which is a grant', () => {
  const guide = readFileSync('docs/guides/consent.md', 'utf8');
  const LINES = /^# consent: (?:\{ platform: )?'(\w+)'(?:, service: '(\w+)' \})?\n.* -H 'Cookie: (.*)'$/gm;
  const shown = [...guide.matchAll(LINES)];
  expect(shown).toHaveLength(4);
  for (const [, platform, service, cookie] of shown) {
    const read = readerOf(
      platform as (typeof PLATFORM_NAMES)[number],
      service === undefined ? {} : { service },
    );
    expect(read(cookie!), platform).toBe('granted');
  }
});
