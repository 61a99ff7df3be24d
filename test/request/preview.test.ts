import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exitTarget, previewIds, previewValue } from '../../src/request/preview.js';

describe('the parameter of preview links', () => {
  it.each([
    ['/?convert_preview=1.2', '1.2'],
    ['/a?x=1&convert_preview=1.2&y', '1.2'],
    ['/?convert%5Fpreview=1.2', undefined],
    ['/?convert_preview=', ''],
    ['/convert_preview=1.2', undefined],
    ['/?convert_previews=1.2', undefined],
  ])('of %s is %s', (url, value) => expect(previewValue(url, 64)).toBe(value));

  it.each(['1', '1.', '.2', '1.2.3', '1.a', '-1.2', ' 1.2', `${'1'.repeat(21)}.2`, '1.2_', 'off'])(
    'names nothing with %s',
    (value) => expect(previewIds(value)).toBeUndefined(),
  );

  it.each([
    ['/?convert_preview=1.2', false, '/'],
    ['/shop?a=1&convert_preview=1.2&b=%20', false, '/shop?a=1&b=%20'],
    ['/shop?a=1&convert_preview=1.2', true, '/shop?a=1&convert_preview=off'],
    ['/shop', true, '/shop?convert_preview=off'],
    ['//evil.example/a?convert_preview=1.2', false, '/.//evil.example/a'],
    ['/\\evil.example', false, '/./\\evil.example'],
    ['/\t/evil.example', false, '/./\t/evil.example'],
    ['http://evil.example/a?b', false, '/a?b'],
  ])('leaves %s by a link within the site', (url, clears, exit) => {
    expect(exitTarget(url, clears)).toBe(exit);
    expect(new URL(exit, 'https://shop.example/x').host).toBe('shop.example');
  });

  it('never leads to another site, whatever was asked for', () => {
    const parts = fc.constantFrom(
      '/',
      '\\',
      '\t',
      '\n',
      '.',
      '..',
      'evil.example',
      '@',
      ':',
      '?',
      '#',
      '%2f',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), fc.boolean(), (path, clears) => {
        const exit = exitTarget(`/${path.join('')}`, clears);
        return new URL(exit, 'https://shop.example/').host === 'shop.example';
      }),
    );
  });
});
