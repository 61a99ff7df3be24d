/** The bytes of a visitor's state are bounded, in all stores alike: each of them merges changes with `applyChange`. */
import { describe, expect, it } from 'vitest';
import { applyChange } from '../../../src/model/visitor-state/apply-change.js';
import { MAX_STATE_BYTES } from '../../../src/model/visitor-state/bound-state.js';
import { transactionKey } from '../../../src/model/visitor-state/transaction-id.js';
import type { StateChange, VisitorState } from '../../../src/model/visitor-state/types.js';

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Merges the changes one after the other, and counts what was dropped. */
function merged(changes: readonly StateChange[], first: VisitorState = {}) {
  let state = first;
  let trimmed = 0;
  let forgotten = 0;
  for (const change of changes) {
    const committed = applyChange(state, change);
    ({ state } = committed);
    trimmed += committed.trimmed ?? 0;
    forgotten += committed.forgotten ?? 0;
    expect(bytes(state)).toBeLessThanOrEqual(change.maxBytes ?? MAX_STATE_BYTES);
  }
  return { state, trimmed, forgotten };
}
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const assigned: VisitorState = {
  bucketing: Object.fromEntries(numbers(50).map((n) => [1000 + n, `1000${n}`])),
  goals: { buy: true },
  consent: 'granted',
  segments: { country: 'DE', customSegments: ['801'] },
};

describe('F4: the state of a visitor', () => {
  it('of 120 transactions with ids of 30 KB stays small, and counts each of them once', () => {
    const ids = numbers(120).map((n) => `${'x'.repeat(30_000)}${n}`);
    const { state } = merged(ids.map((id) => ({ transactions: { buy: [transactionKey(id)] } })));
    expect(bytes(state)).toBeLessThan(8_000);
    for (const id of ids.slice(-100)) {
      const change = { transactions: { buy: [transactionKey(id)] } };
      expect(applyChange(state, change).lost.size).toBe(1);
    }
    expect(applyChange(state, { transactions: { buy: [transactionKey(`${ids[0]}0`)] } }).lost.size).toBe(0);
  });

  it('knows long ids again that were stored as they are', () => {
    const long = 'y'.repeat(300);
    const state = { transactions: { buy: [long] } };
    expect([...applyChange(state, { transactions: { buy: [transactionKey(long)] } }).lost]).toHaveLength(1);
    expect([...applyChange(state, { transactions: { buy: [long] } }).lost]).toHaveLength(1);
  });

  it('of 60 properties of 77 KB is bounded: none of them has room, and everything else stays', () => {
    const small = { plan: 'pro' };
    const huge = numbers(60).map((n) => ({ segments: { [`p${n}`]: 'ü'.repeat(38_500) } }));
    const { state, trimmed } = merged([{ segments: small }, ...huge], assigned);
    expect(trimmed).toBe(60);
    expect(state).toEqual({ ...assigned, segments: { ...assigned.segments, ...small } });
  });

  it('drops the oldest properties first, and neither segments nor variations', () => {
    const properties = numbers(60).map((n) => ({ segments: { [`p${n}`]: 'x'.repeat(2_000) } }));
    const { state, trimmed } = merged(properties, assigned);
    const left = Object.keys(state.segments!).filter((key) => key.startsWith('p'));
    expect(left).toEqual(
      numbers(60)
        .slice(-left.length)
        .map((n) => `p${n}`),
    );
    expect(left.length).toBeGreaterThan(25);
    expect(trimmed).toBe(60 - left.length);
    expect(state).toMatchObject({ ...assigned });
  });

  it('drops the oldest transactions of each goal where no property is left', () => {
    const ids = (goal: string) =>
      numbers(100).map((n) => `${goal}-${String(n).padStart(3, '0')}${'x'.repeat(240)}`);
    const changes = ['a', 'b', 'c', 'd'].map((goal) => ({ transactions: { [goal]: ids(goal) } }));
    const { state, trimmed } = merged([{ segments: { plan: 'pro' } }, ...changes], assigned);
    expect(state.segments).toEqual(assigned.segments);
    for (const goal of ['a', 'b', 'c', 'd']) {
      const left = state.transactions![goal]!;
      expect(left).toEqual(ids(goal).slice(-left.length));
      expect(left.length).toBeGreaterThan(20);
    }
    expect(trimmed).toBeGreaterThan(100);
  });

  it('drops the oldest events that wait for consent, and counts them as other events that are dropped', () => {
    const event = (n: number) => ({
      event: { eventType: 'conversion' as const, data: { goalId: `${n}-${'x'.repeat(10_000)}` } },
    });
    const { state, forgotten } = merged(
      numbers(20).map((at) => ({ hold: { at, change: {}, events: [event(at)] } })),
      assigned,
    );
    const left = state.held!.flatMap(({ events }) => events);
    expect([left.length, forgotten]).toEqual([6, 14]);
    expect(left).toEqual(numbers(20).slice(-6).map(event));
  });

  it('is bounded by the number that a change brings', () => {
    const change = (n: number) => ({ segments: { [`p${n}`]: 'x'.repeat(1_000) }, maxBytes: 4_096 });
    expect(Object.keys(merged(numbers(10).map(change)).state.segments!)).toEqual(['p6', 'p7', 'p8', 'p9']);
  });
});

describe('the form in which a transaction is remembered', () => {
  it('is its id up to 256 characters, and a short text beyond that, equal for equal ids only', () => {
    expect(transactionKey('x'.repeat(256))).toBe('x'.repeat(256));
    const long = numbers(20_000).map((n) => `${'order '.repeat(50)}${n}`);
    const keys = long.map(transactionKey);
    expect(new Set(keys).size).toBe(long.length);
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(64);
    expect(transactionKey(long[7]!)).toBe(keys[7]);
  });
});
