import { describe, expect, it, vi } from 'vitest';
import { asConvertError, ignoreCodes, ignoreMissing } from '../../src/utils/errors.js';

describe('asConvertError', () => {
  it('tells name, code and place of a foreign error, never its text, whatever that looks like', () => {
    const texts = [
      'secret',
      'a\n  at secret:1:1',
      `${'\n'.repeat(50_000)}  at secret:1:1`,
      'x at secret:2:2)',
    ];
    for (const text of texts) {
      const error = Object.assign(new TypeError(text), { code: 'ECONNREFUSED' });
      const { message, kind, cause } = asConvertError(error, 'CONVERT_STORE', 'the store failed');
      expect(message).toMatch(
        /^convert: the store failed \(TypeError ECONNREFUSED at \S*errors\.test\.ts:\d+:\d+\)$/,
      );
      expect(kind).toBe('CONVERT_STORE: the store failed');
      expect(Object.keys(asConvertError(error, 'CONVERT_STORE', 'the store failed'))).not.toContain('kind');
      expect(cause).toBe(error);
    }
  });

  it('tells no place where the stack is not what it should be', () => {
    const error = new Error('x');
    error.stack = 'made up\n    at secret:1:1';
    expect(asConvertError(error, 'CONVERT_CALLBACK', 'it threw').message).toBe('convert: it threw (Error)');
    expect(asConvertError('secret', 'CONVERT_CALLBACK', 'it threw').message).toBe(
      'convert: it threw (string)',
    );
  });
});

describe('ignoreCodes', () => {
  const withCode = (code: string): Error => Object.assign(new Error('failed'), { code });

  it('ignores errors with one of its codes, and throws all others again', () => {
    const ignore = ignoreCodes('ENOENT', 'EEXIST');
    expect(ignore(withCode('ENOENT'))).toBeUndefined();
    expect(ignore(withCode('EEXIST'))).toBeUndefined();
    for (const other of [withCode('EACCES'), new Error('ENOENT'), 'ENOENT', undefined]) {
      const ignored = vi.fn(() => ignore(other));
      expect(ignored).toThrow();
      expect(ignored.mock.results).toEqual([{ type: 'throw', value: other }]);
    }
  });

  it('makes `ignoreMissing`, which ignores that a file is not there', () => {
    expect(ignoreMissing(withCode('ENOENT'))).toBeUndefined();
    expect(() => ignoreMissing(withCode('EEXIST'))).toThrow('failed');
  });
});
