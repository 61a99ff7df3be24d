import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { ConvertError } from '../../src/utils/errors.js';
import { errorLine, logWarning, warnOnceOn } from '../../src/utils/operator-log.js';

const HELP = /https:\/\/github\.com\/[\w-]+\/[\w.-]+\/blob\/main\/docs\/([\w-]+\.md#\w+)$/;

it('the line of an error has the message first, then the code and the address of its help', () => {
  const error = new ConvertError('CONVERT_STORE', 'the store failed', { detail: ' (TypeError)' });
  expect(error.message).toBe('convert: the store failed (TypeError)');
  expect(HELP.exec(error.help)?.[1]).toBe('errors.md#convert_store');
  expect(errorLine(error)).toBe(`${error.message} [CONVERT_STORE] ${error.help}`);
});

it('Node shows the address with an error that nobody has caught', () => {
  const error = new ConvertError('CONVERT_BAD_OPTION', 'unknown option `a`');
  expect(inspect(error)).toContain(`help: '${error.help}'`);
});

it('a warning is logged once for a code and a detail, with the address of its page', () => {
  const lines: string[] = [];
  const warnOnce = warnOnceOn({ error: () => undefined, warn: (line) => lines.push(line) });
  for (let round = 0; round < 2; round++) {
    warnOnce('CONVERT_STATE', 'one');
    warnOnce('CONVERT_STATE', 'two', 'other');
    warnOnce('CONVERT_CARRY', 'three');
  }
  const told = lines.map((line) => line.replace(HELP, '$1'));
  expect(told).toEqual([
    'convert: one [CONVERT_STATE] warnings.md#convert_state',
    'convert: two [CONVERT_STATE] warnings.md#convert_state',
    'convert: three [CONVERT_CARRY] warnings-events.md#convert_carry',
  ]);
});

it('a warning of something that is lost is logged as an error', () => {
  const lines: string[] = [];
  const logger = { error: (line: string) => lines.push(`error ${line}`), warn: () => undefined };
  logWarning(logger, 'CONVERT_EVENTS_LOST', '2 events', 'error');
  expect(lines).toEqual([expect.stringMatching(/^error convert: 2 events \[CONVERT_EVENTS_LOST\] https:/)]);
});
