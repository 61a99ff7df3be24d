/** Text from the network, as the platform's own decoders have it, which a stranger could have throw. */
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { percentDecoded, utf8Repaired } from '../../src/request/text-decoding.js';

const unit = fc.constantFrom(
  'a',
  'ÿ',
  'Ã',
  '¼',
  '\xef',
  '\xbf',
  '\xbd',
  '\xef\xbf\xbd',
  '\xe2\x82\xac',
  '\xf0',
);

it('reads as UTF-8 what is, and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      const bytes = Buffer.from(text, 'latin1');
      expect(utf8Repaired(text)).toBe(isUtf8(bytes) ? bytes.toString('utf8') : text);
    }),
    { numRuns: 5_000 },
  );
  expect(utf8Repaired('\xef\xbf\xbdé')).toBe('\xef\xbf\xbdé');
  expect(utf8Repaired('\xef\xbf\xbd')).toBe('\ufffd');
});

const escape = fc.constantFrom(
  '%',
  '%2',
  '%41',
  '%zz',
  '%C3',
  '%BC',
  '%c3%bc',
  '%EF%BB%BF',
  '%00',
  'x',
  '%25',
);

it('decodes escapes as URLSearchParams does', () => {
  fc.assert(
    fc.property(fc.array(escape, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      expect(percentDecoded(text)).toBe(new URLSearchParams(`v=${text}`).get('v'));
    }),
    { numRuns: 5_000 },
  );
  // Beside letters that Node's own reads as one byte each.
  expect(percentDecoded('ü€%BC%41')).toBe('ü€\ufffdA');
});
