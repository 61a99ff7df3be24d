import { expect, it } from 'vitest';
import { cleanText, quoteName } from '../../src/utils/clean-text.js';
import { asConvertError, ConvertError } from '../../src/utils/errors.js';
import { safeLogger } from '../../src/utils/logger.js';

const FORGED = 'a\r\nconvert: b\u001b[31m\u202e\u2066\u2028\u0085\ud800\u0000';
const CLEAN = 'a??convert: b?[31m??????';

it('D10: replaces what forges lines, turns the writing or controls a terminal, and leaves the rest', () => {
  expect(cleanText(FORGED)).toBe(CLEAN);
  expect(cleanText('Größe € 日本 👍 "x"')).toBe('Größe € 日本 👍 "x"');
  expect(cleanText('x'.repeat(5_000))).toHaveLength(4_000);
  expect(quoteName('a"b\\')).toBe('"a\\"b\\\\"');
  expect(quoteName('x'.repeat(100))).toHaveLength(66);
});

it('D10: stands before every error and every line of the log', () => {
  expect(new ConvertError('CONVERT_BAD_PROJECT', FORGED).message).toBe(`convert: ${CLEAN}`);
  const foreign = asConvertError(new Error(FORGED), 'CONVERT_PROJECT_UNREACHABLE', 'no answer');
  expect(foreign.message).toBe(`convert: no answer: ${CLEAN}`);
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const logger = safeLogger({ error: log, warn: log, info: log });
  for (const level of ['error', 'warn', 'info'] as const) logger[level]?.(FORGED);
  expect(lines).toEqual([CLEAN, CLEAN, CLEAN]);
});
