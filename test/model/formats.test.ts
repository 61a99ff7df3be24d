import { describe, expect, it } from 'vitest';
import { FORMATS, formatSuffix, isKnownFormat, withoutFormat } from '../../src/model/formats.js';
import { applyChange, leaveAlone } from '../../src/model/visitor-state/apply-change.js';
import { documentOf, parseState } from '../../src/model/visitor-state/parse-state.js';
import { problemOf } from '../../src/model/visitor-state/state-problem.js';

describe('F7: the number of a format', () => {
  it('is known up to that of this version', () => {
    for (const name of Object.keys(FORMATS) as (keyof typeof FORMATS)[]) {
      expect(isKnownFormat(name, FORMATS[name])).toBe(true);
      for (const other of [FORMATS[name] + 1, 0, -1, 1.5, '1', null, undefined, Infinity, NaN])
        expect(isKnownFormat(name, other)).toBe(false);
    }
  });

  it('stands before the value of a cookie; without one, the value is of the first format', () => {
    expect(withoutFormat('sessionCookie', `${FORMATS.sessionCookie}.tbz3k0.n`)).toBe('tbz3k0.n');
    expect(withoutFormat('sessionCookie', 'tbz3k0.nc.YQ')).toBe('tbz3k0.nc.YQ');
    expect(withoutFormat('sessionCookie', '99.tbz3k0.n')).toBeUndefined();
    // An id of three digits, and a minute.
    expect(withoutFormat('aliasCookie', '123.htl7u')).toBe('123.htl7u');
    expect(withoutFormat('aliasCookie', '1.123.htl7u')).toBe('123.htl7u');
  });

  it('ends the names of what it is the format of, unless it is the first', () => {
    expect([formatSuffix(1), formatSuffix(2)]).toEqual(['', '.v2']);
  });
});

describe('F7: the document of a state', () => {
  const state = { bucketing: { 1: 'a' }, goals: { buy: true }, consent: 'granted' as const, users: ['u'] };

  it('begins with the number of its format, and is read with and without it', () => {
    const text = JSON.stringify(documentOf(state));
    expect(text.startsWith(`{"format":${FORMATS.state},"bucketing"`)).toBe(true);
    for (const each of [JSON.parse(text), state]) {
      const read = parseState(each)!;
      expect([read, problemOf(read)]).toEqual([state, undefined]);
    }
  });

  it('of an older format is read, and its claims stand: their process can not settle them any more', () => {
    const older = { ...state, pending: { 'goal:buy': 1 } };
    expect(parseState(documentOf(older))).toEqual(older);
    const formats = FORMATS as Record<keyof typeof FORMATS, number>;
    formats.state += 1;
    try {
      expect(parseState({ format: formats.state - 1, ...older })).toEqual(state);
      expect(parseState(documentOf(older))).toEqual(older);
    } finally {
      formats.state -= 1;
    }
  });

  it('of a newer format is read as the official SDK would read it, and is left alone', () => {
    for (const format of [FORMATS.state + 1, 0, '1', null, {}]) {
      const read = parseState({ format, ...state })!;
      expect([read, problemOf(read)]).toEqual([
        { bucketing: state.bucketing, goals: state.goals },
        'unknownFormat',
      ]);
    }
    const newer = parseState({ format: 99, ...state })!;
    const change = {
      claims: { 2: { variationId: 'b', exposed: true } },
      exposed: ['1'],
      goals: ['buy', 'see'],
      transactions: { buy: ['t'] },
    };
    const { state: after, lost } = leaveAlone(newer, change);
    expect(after).toBe(newer);
    // What is sent is what nobody else would send.
    expect([...lost]).toEqual(['experience:2', 'exposure:1', 'goal:buy']);
    expect(applyChange({}, change).lost.size).toBe(1);
  });
});
