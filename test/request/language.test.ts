/** The language that a visitor prefers, by the header Accept-Language. */
import { describe, expect, it } from 'vitest';
import { preferredLanguage } from '../../src/request/language.js';

describe('the language', () => {
  it.each([
    ['en', 'en'],
    ['EN-us', 'en-US'],
    ['zh-hant-tw', 'zh-Hant-TW'],
    ['es-419', 'es-419'],
    ['sl-rozaj-1994', 'sl-rozaj-1994'],
    ['fr;q=0.5, de', 'de'],
    ['fr;q=0.5, de;q=0.7, it ; Q = 0.6', 'de'],
    ['en,de', 'en'],
    ['*, nl;q=0.1', 'nl'],
    ['de;q=0', undefined],
    ['de;q=abc', 'de'],
    ['*', undefined],
    ['<script>', undefined],
    ['', undefined],
    [',,;q=1,', undefined],
  ])('%j is %j', (header, language) => {
    expect(preferredLanguage(header)).toBe(language);
  });
});
