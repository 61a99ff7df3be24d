/** Functions that an app gives in its options: what they may answer, and what is told if they answer something else. */
import { describe, expect, it } from 'vitest';
import { askYesOrNo } from '../../src/utils/app-callback.js';
import type { ConvertError } from '../../src/utils/errors.js';

function said(answer: unknown): { answer: boolean; messages: string[] } {
  const errors: ConvertError[] = [];
  const question = {
    option: 'skip',
    otherwise: 'taken as false',
    onError: (error: ConvertError) => void errors.push(error),
  };
  return { answer: askYesOrNo(() => answer, {}, question), messages: errors.map(({ message }) => message) };
}

describe('C4: a function that answers with yes or no', () => {
  it.each([true, false])('may return %s', (given) => {
    expect(said(given)).toEqual({ answer: given, messages: [] });
  });

  it.each([undefined, null])('says no with %s', (given) => {
    expect(said(given)).toEqual({ answer: false, messages: [] });
  });

  it.each<[unknown, string]>([
    ['true', 'a string'],
    [1, 'a number'],
    [{ skip: true }, 'an object'],
    [[true], 'an array'],
    [() => true, 'a function'],
  ])('says no with %j, which is told', (given, returned) => {
    expect(said(given)).toEqual({
      answer: false,
      messages: [
        `convert: the \`skip\` function must return true or false; it returned ${returned}, taken as false`,
      ],
    });
  });

  it('says no with a promise, which is told once', () => {
    const { answer, messages } = said(Promise.resolve(true));
    expect(answer).toBe(false);
    expect(messages).toEqual([expect.stringContaining('returned a promise')]);
  });
});
