/** Assignments as text: they come back as they were, within their bound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  packAssignments,
  unpackAssignments,
} from '../../../src/identity/cookies/pack-assignments.js';

const all = (): boolean => true;
const pack = (assignments: readonly Assignment[]): string =>
  packAssignments(assignments, Number.POSITIVE_INFINITY, all).text;

/** Any id, and often one that could be taken for another. */
const id = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 30n }).map(String),
  fc.constantFrom(
    '',
    '0',
    '00',
    '007',
    '-1',
    '1.5',
    '1e3',
    '_',
    '-',
    '.',
    '__proto__',
    'constructor',
    'ü',
    '\ud800',
  ),
  fc.string({ unit: 'binary' }),
  // Halves of surrogate pairs, too.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((codes) => String.fromCharCode(...codes)),
);
const assignments = fc.uniqueArray(fc.tuple(id, id), { selector: ([experience]) => experience });

describe('assignments', () => {
  it('come back exactly and in their order, from an alphabet that nothing on the way changes', () => {
    fc.assert(
      fc.property(assignments, (given) => {
        const text = pack(given);
        expect(text).toMatch(/^[A-Za-z0-9_.-]*$/);
        expect(text).not.toMatch(/\.\.|^\.|\.$/);
        expect([...(unpackAssignments(text) ?? [])]).toEqual(given);
      }),
      { numRuns: 1_000 },
    );
  });

  it('take 13 characters where the ids are those of Convert', () => {
    expect(pack([['100218245', '100299456']])).toBe('1no0w5.1nprk0');
    expect(
      pack([
        ['100218245', '100299456'],
        ['0', '999999999999999'],
      ]),
    ).toBe('1no0w5.1nprk0.0.9ugxnorjlr');
  });

  it('take the room that there is: those that do not run go first, then the oldest', () => {
    fc.assert(
      fc.property(assignments, fc.nat(200), fc.func(fc.boolean()), (given, room, isRunning) => {
        const { text, dropped } = packAssignments(given, room, isRunning);
        expect(text.length).toBeLessThanOrEqual(room);
        const kept = unpackAssignments(text)!;
        expect(kept.size + dropped).toBe(given.length);
        // In their order.
        expect([...kept]).toEqual(given.filter(([experience]) => kept.has(experience)));
        const gone = given.filter(([experience]) => !kept.has(experience));
        const stay = given.filter(([experience]) => kept.has(experience));
        const isOver = (each: Assignment): boolean => !isRunning(each[0]);
        if (gone.some((each) => !isOver(each))) expect(stay.filter(isOver)).toEqual([]);
        for (const kind of [isOver, (each: Assignment) => !isOver(each)]) {
          const places = (list: readonly Assignment[]): number[] =>
            list.filter(kind).map((each) => given.findIndex(([experience]) => experience === each[0]));
          expect(Math.max(-1, ...places(gone))).toBeLessThan(Math.min(Infinity, ...places(stay)));
        }
      }),
    );
  });

  it('lose no more than they have to', () => {
    const given: Assignment[] = [
      ['1', '1'],
      ['2', '2'],
      ['3', '3'],
    ];
    expect(packAssignments(given, 11, all)).toEqual({ text: '1.1.2.2.3.3', dropped: 0 });
    expect(packAssignments(given, 10, all)).toEqual({ text: '2.2.3.3', dropped: 1 });
    expect(packAssignments(given, 10, (experience) => experience !== '2').text).toBe('1.1.3.3');
    expect(packAssignments(given, 4, (experience) => experience !== '3').text).toBe('2.2');
    expect(packAssignments(given, 2, all)).toEqual({ text: '', dropped: 3 });
  });

  it('are none in a text that was not made of some', () => {
    for (const text of ['1', '1.2.3', '.', '1.', '1.Z', 'A.1', '1.1.ü.1', '12345678901.1', ' 1.1']) {
      expect(unpackAssignments(text), text).toBeUndefined();
    }
    expect(unpackAssignments('')).toEqual(new Map());
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void unpackAssignments(text)));
  });
});
