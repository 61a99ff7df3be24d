import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeText, scriptJson } from '../../src/bridge/escaping.js';
import { unescaped } from './support.js';

describe('escaping', () => {
  it('loses nothing and lets nothing through, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(scriptJson(text)).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(scriptJson(text))).toBe(text);
        expect(attributeText(text)).not.toMatch(/[<>"'`]/);
        expect(unescaped(attributeText(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it.each(['<', '>', '&', '"', "'", '`'])('of an attribute leaves no %s', (sign) => {
    expect(attributeText(`a${sign}b`)).not.toContain(sign === '&' ? 'a&b' : sign);
  });
});
