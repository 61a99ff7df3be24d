import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyChange,
  countEvents,
  mergeChanges,
  MAX_DEFERRED_AGE,
  MAX_DEFERRED_EVENTS,
  withDeferredChanges,
} from '../../../src/model/visitor-state/apply-change.js';
import { parseState } from '../../../src/model/visitor-state/parse-state.js';
import type { DeferredChange, StateChange, VisitorState } from '../../../src/model/visitor-state/types.js';
import { problemOf } from '../../../src/model/visitor-state/state-problem.js';
import { mergeSegments } from '../../../src/utils/objects.js';

const claim = (variationId: string, more: object = {}) => ({ variationId, exposed: true, ...more });

describe('applyChange', () => {
  it('lets the first write win', () => {
    const first = applyChange({}, { claims: { 1: claim('a') }, goals: ['buy'] });
    expect(first.state).toEqual({ bucketing: { 1: 'a' }, goals: { buy: true } });
    expect([...first.lost]).toEqual([]);
    const second = applyChange(first.state, {
      claims: { 1: claim('b'), 2: claim('c') },
      goals: ['buy', 'read'],
    });
    expect(second.state).toEqual({ bucketing: { 1: 'a', 2: 'c' }, goals: { buy: true, read: true } });
    expect([...second.lost]).toEqual(['experience:1', 'goal:buy']);
  });

  it('loses a second claim for the same variation too: its exposure was sent with the first', () => {
    expect([...applyChange({ bucketing: { 1: 'a' } }, { claims: { 1: claim('a') } }).lost]).toEqual([
      'experience:1',
    ]);
  });

  it('replaces what a claim says that it replaces, and nothing else', () => {
    const replace = { claims: { 1: claim('b', { replaces: 'gone' }) } };
    expect(applyChange({ bucketing: { 1: 'gone' } }, replace).state.bucketing).toEqual({ 1: 'b' });
    expect(applyChange({ bucketing: { 1: 'other' } }, replace).state.bucketing).toEqual({ 1: 'other' });
    expect([...applyChange({ bucketing: { 1: 'other' } }, replace).lost]).toEqual(['experience:1']);
  });

  it('gives an owed exposure to one that claims it', () => {
    const owed = applyChange({}, { claims: { 1: claim('a', { exposed: false }) } }).state;
    expect(owed.unexposed).toEqual(['1']);
    const first = applyChange(owed, { exposed: ['1'] });
    expect([...first.lost]).toEqual([]);
    expect(first.state.unexposed).toBeUndefined();
    expect([...applyChange(first.state, { exposed: ['1'] }).lost]).toEqual(['exposure:1']);
  });

  it('records and takes back consent, and drops deferred changes', () => {
    const held = [{ at: 0, change: {}, events: [] }];
    expect(applyChange({ held }, { consent: 'granted', release: true }).state).toEqual({
      consent: 'granted',
    });
    expect(applyChange({ consent: 'granted', held }, { consent: 'withdrawn', release: true }).state).toEqual(
      {},
    );
  });

  it('holds a bounded number of events, the newest', () => {
    const entry = (at: number): DeferredChange => ({
      at,
      change: {},
      events: Array.from({ length: 20 }, () => ({
        event: { eventType: 'conversion' as const, data: { goalId: '1' } },
      })),
    });
    let state: VisitorState = {};
    for (let at = 1; at <= 5; at++) state = applyChange(state, { hold: entry(at) }).state;
    expect(state.held?.map((each) => [each.at, each.events.length])).toEqual([
      [3, 10],
      [4, 20],
      [5, 20],
    ]);
    expect(state.held!.reduce((sum, each) => sum + each.events.length, 0)).toBeLessThanOrEqual(
      MAX_DEFERRED_EVENTS,
    );
  });

  it('bounds deferred changes at once, by age, and where no events come with them; and tells how many events had to go', () => {
    const events = Array.from({ length: 120 }, () => ({
      event: { eventType: 'conversion' as const, data: { goalId: '1' } },
    }));
    const much = applyChange({}, { hold: { at: 0, change: {}, events } });
    expect([countEvents(much.state.held!), much.forgotten]).toEqual([MAX_DEFERRED_EVENTS, 70]);
    const late = applyChange(much.state, { hold: { at: MAX_DEFERRED_AGE, change: {}, events: [] } });
    expect([countEvents(late.state.held!), late.forgotten]).toEqual([0, MAX_DEFERRED_EVENTS]);
    let state: VisitorState = {};
    for (let at = 0; at < 300; at++) {
      ({ state } = applyChange(state, { hold: { at, change: { segments: { n: at } }, events: [] } }));
    }
    expect(state.held).toHaveLength(1);
    expect(withDeferredChanges(state, 300).segments).toEqual({ n: 299 });
  });

  it('drops a deferred event together with what it claims, and nothing else', () => {
    const claimed = Array.from({ length: 60 }, (_, n) => String(1000 + n));
    const entry: DeferredChange = {
      at: 0,
      change: {
        claims: Object.fromEntries(claimed.map((id) => [id, claim('a')])),
        goals: ['buy'],
      },
      events: [
        { event: { eventType: 'conversion', data: { goalId: '1' } }, claim: 'goal:buy' },
        ...claimed.map((experienceId) => ({
          event: { eventType: 'bucketing' as const, data: { experienceId, variationId: 'a' } },
          claim: `experience:${experienceId}`,
        })),
      ],
    };
    const first = applyChange(
      {},
      { hold: { at: 0, change: { segments: { country: 'FR' } }, events: [] } },
    ).state;
    const { state, forgotten } = applyChange(first, { hold: entry });
    const seen = withDeferredChanges(state, 1);
    expect([countEvents(state.held!), forgotten]).toEqual([50, 11]);
    expect(Object.keys(seen.bucketing!)).toEqual(claimed.slice(10));
    expect(seen.goals).toBeUndefined();
    expect(seen.segments).toEqual({ country: 'FR' });
  });

  it('touches neither the state nor the change, and no prototype', () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'toString'));
    const state = fc.record(
      {
        bucketing: fc.dictionary(text, fc.string()),
        goals: fc.dictionary(text, fc.constant(true)),
        segments: fc.dictionary(text, fc.jsonValue()),
        locations: fc.array(text),
        unexposed: fc.array(text),
      },
      { requiredKeys: [] },
    );
    const change = fc.record(
      {
        claims: fc.dictionary(text, fc.record({ variationId: fc.string(), exposed: fc.boolean() })),
        goals: fc.array(text),
        segments: fc.dictionary(text, fc.jsonValue()),
        locations: fc.array(text),
        exposed: fc.array(text),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(state, change, (before, wanted) => {
        const copies = [structuredClone(before), structuredClone(wanted)];
        const { state: after, lost } = applyChange(before, wanted);
        expect([before, wanted]).toEqual(copies);
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
        expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
        // What is stored first stays.
        for (const [id, variation] of Object.entries(before.bucketing ?? {})) {
          expect(Object.entries(after.bucketing ?? {})).toContainEqual([id, variation]);
        }
        // Every claim is either stored or lost.
        for (const [id, { variationId }] of Object.entries(wanted.claims ?? {})) {
          const stored = Object.entries(after.bucketing ?? {}).some(
            ([key, value]) => key === id && value === variationId,
          );
          expect(stored || lost.has(`experience:${id}`)).toBe(true);
        }
      }),
    );
  });
});

describe('joinChanges', () => {
  it('does in one step what two changes do one after the other', () => {
    const first: StateChange = {
      claims: { 1: claim('a') },
      goals: ['x'],
      segments: { customSegments: ['1'] },
    };
    const second: StateChange = {
      claims: { 2: claim('b') },
      goals: ['y'],
      segments: { customSegments: ['2'], country: 'DE' },
      locations: ['3'],
    };
    const oneByOne = applyChange(applyChange({}, first).state, second).state;
    expect(applyChange({}, mergeChanges(first, second)).state).toEqual(oneByOne);
  });

  it('keeps what the first of two claims for one experience replaces', () => {
    const joined = mergeChanges(
      { claims: { 1: claim('a', { replaces: 'gone' }) } },
      { claims: { 1: claim('b', { replaces: 'a' }) } },
    );
    expect(applyChange({ bucketing: { 1: 'gone' } }, joined).state.bucketing).toEqual({ 1: 'b' });
  });
});

describe('deferred changes', () => {
  it('counts for decisions as if it were committed, for half an hour', () => {
    const held = [{ at: 1_000, change: { claims: { 1: claim('a') }, goals: ['buy'] }, events: [] }];
    expect(withDeferredChanges({ held }, 2_000)).toMatchObject({
      bucketing: { 1: 'a' },
      goals: { buy: true },
    });
    expect(withDeferredChanges({ held }, 1_000 + MAX_DEFERRED_AGE).bucketing).toBeUndefined();
  });
});

describe('mergeSegments', () => {
  it('merges as the official SDK: objects deeply, arrays by union, else the new value', () => {
    expect(
      mergeSegments(
        { a: 1, list: ['x', 'y'], deep: { one: 1 } },
        { a: 2, list: ['z', 'x'], deep: { two: 2 } },
      ),
    ).toEqual({ a: 2, list: ['z', 'x', 'y'], deep: { one: 1, two: 2 } });
  });
});

describe('parseState', () => {
  it('takes what is well-formed, leaves out what is not, and keeps what it does not know', () => {
    expect(
      parseState({
        bucketing: { 1: 'a' },
        goals: 'x',
        segments: [],
        locations: [1],
        held: [{}],
        consent: 'yes',
        more: 1,
      }),
    ).toEqual({ bucketing: { 1: 'a' }, more: 1 });
    for (const nothing of [null, undefined, 'text', 7, []]) expect(parseState(nothing)).toBeUndefined();
  });

  it('F6: takes deferred changes that it has made, and none that are malformed inside', () => {
    const event = {
      event: { eventType: 'conversion', data: { goalId: '1' } },
      segments: undefined,
      claim: 'goal:a',
    };
    const change = {
      claims: { 1: claim('a'), 2: claim('b', { replaces: undefined }) },
      goals: ['a'],
      transactions: { a: ['t'] },
      segments: { a: null },
      locations: [],
      exposed: ['1'],
      users: ['u'],
    };
    const held = { at: 1, change, events: [event] };
    expect(parseState({ held: [held] })).toEqual({ held: [held] });
    const malformed = [
      { ...held, at: '1' },
      { ...held, change: { claims: { 1: 'a' } } },
      { ...held, change: { claims: { 1: { variationId: 7, exposed: true } } } },
      { ...held, change: { claims: { 1: { variationId: 'a' } } } },
      ...Object.keys(change).map((field) => ({ ...held, change: { [field]: 7 } })),
      { ...held, change: { hold: held } },
      { ...held, change: { transactions: { a: [7] } } },
      { ...held, events: [null] },
      { ...held, events: [{ ...event, event: undefined }] },
      { ...held, events: [{ ...event, event: { eventType: 'conversion' } }] },
      { ...held, events: [{ ...event, claim: 7 }] },
    ];
    for (const each of malformed) {
      const state = parseState({ goals: { a: true }, held: [held, each] })!;
      expect([state, problemOf(state)], JSON.stringify(each)).toEqual([{ goals: { a: true } }, 'malformed']);
    }
  });

  it('counts no field that a store of objects keeps without a value', () => {
    const state = parseState({ goals: { a: true }, alias: undefined, users: undefined })!;
    expect([state, problemOf(state)]).toEqual([{ goals: { a: true } }, undefined]);
  });
});
