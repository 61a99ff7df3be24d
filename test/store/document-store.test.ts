/**
 * Stores of several processes over one place that fails, does things twice, and lets them interleave, all at random.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { experienceClaim, goalClaim } from '../../src/model/visitor-state/claims.js';
import type { Committed, StateChange, VisitorState } from '../../src/model/visitor-state/types.js';
import { sdkStore } from '../../src/store/sdk-data-store.js';
import {
  type Document,
  type Documents,
  documentStore,
  type CompareAndSetResult,
} from '../../src/store/document-store.js';

/** What becomes of one request to the place. `unheard`: it is done, and nobody is told. */
const fate = fc.oneof(
  { weight: 6, arbitrary: fc.constant('right' as const) },
  { weight: 1, arbitrary: fc.constant('refused' as const) },
  { weight: 1, arbitrary: fc.constant('unheard' as const) },
  { weight: 2, arbitrary: fc.constant('twice' as const) },
);
type Fate = 'right' | 'refused' | 'unheard' | 'twice';

/** Tells documents apart by a version, as LMDB does, or by their text, as Redis does: then it may do a thing twice. */
type Kind = 'by version' | 'by text';

/** Changes between the two times that a thing is done: more than that are not told apart. */
const MAX_BETWEEN = 2;

interface Place {
  readonly documents: () => Documents;
  readonly text: (key: string) => string | undefined;
}

function place(kind: Kind, scheduler: fc.Scheduler, fates: () => Fate): Place {
  const kept = new Map<string, Document>();
  let versions = 0;
  const changes: string[] = [];
  const onItsWay = (what: string): Promise<unknown> => scheduler.schedule(Promise.resolve(), what);

  function replaceNow(key: string, before: Document | undefined, text: string): CompareAndSetResult {
    const found = kept.get(key);
    if (kind === 'by text' && found?.text === text) return { isReplaced: true };
    const isRight =
      kind === 'by text' ? found?.text === before?.text : found?.version === (before?.version as undefined);
    if (!isRight) return { isReplaced: false, found };
    const version = (versions += 1);
    kept.set(key, { text, version });
    changes.push(key);
    return { isReplaced: true, version };
  }

  return {
    text: (key) => kept.get(key)?.text,
    documents: () => ({
      remote: true,
      mayRepeat: kind === 'by text',
      async read(key) {
        await onItsWay('read');
        const found = kept.get(key);
        await onItsWay('read, answer');
        return found;
      },
      async compareAndSet(key, before, text) {
        const what = fates();
        await onItsWay('replace');
        if (what === 'refused') throw new Error('refused');
        let answer = replaceNow(key, before, text);
        if (what === 'twice' && kind === 'by text') {
          const since = changes.length;
          await onItsWay('replace, again');
          const others = changes.slice(since).filter((each) => each === key).length;
          if (others <= MAX_BETWEEN) answer = replaceNow(key, before, text);
        }
        await onItsWay('replace, answer');
        if (what === 'unheard') throw new Error('unheard');
        return answer;
      },
      delete: () => Promise.resolve(),
    }),
  };
}

interface Visit {
  readonly process: number;
  readonly key: string;
  readonly experiences: readonly number[];
  readonly goals: readonly number[];
  /** What the request knew: what the store said to it, or nothing. */
  readonly knows: 'nothing' | 'what was read' | 'that there is nothing';
}

const visit: fc.Arbitrary<Visit> = fc.record({
  process: fc.nat(2),
  key: fc.constantFrom('k', 'k', 'k', 'l'),
  experiences: fc.uniqueArray(fc.nat(2), { minLength: 1 }),
  goals: fc.uniqueArray(fc.nat(2)),
  knows: fc.constantFrom('nothing', 'what was read', 'that there is nothing'),
});

interface Result {
  readonly visit: Visit;
  readonly variationId: string;
  /** Undefined where it failed: nobody knows what became of it. */
  readonly committed: Committed | undefined;
}

async function play(kind: Kind, visits: readonly Visit[], fates: readonly Fate[], scheduler: fc.Scheduler) {
  let asked = 0;
  const there = place(kind, scheduler, () => fates[(asked += 1) % fates.length]!);
  const stores = [0, 1, 2].map(() => documentStore(there.documents()));
  const live = async (each: Visit, n: number): Promise<Result> => {
    const variationId = `v${n}`;
    const { process, key, experiences, goals, knows } = each;
    const store = stores[process]!;
    const change: StateChange = {
      claims: Object.fromEntries(experiences.map((id) => [id, { variationId, exposed: true }])),
      goals: goals.map((goal) => `g${goal}`),
      segments: { [variationId]: 'is here' },
    };
    const read = knows === 'what was read' ? ((await store.read(key)) ?? null) : undefined;
    const known = knows === 'that there is nothing' ? null : read;
    const options = { ephemeral: n % 2 === 0, ...(known !== undefined && { known }) };
    const committed = await Promise.resolve(store.commit(key, change, options)).catch(() => undefined);
    return { visit: each, variationId, committed };
  };
  const results = await scheduler.waitFor(Promise.all(visits.map(live)));
  return { results, stateOf: (key: string) => JSON.parse(there.text(key) ?? '{}') as VisitorState };
}

function check({ results, stateOf }: Awaited<ReturnType<typeof play>>): void {
  for (const { visit, variationId, committed } of results) {
    if (committed === undefined) continue;
    const { bucketing = {}, goals = {}, segments = {} } = stateOf(visit.key);
    // No update is lost.
    expect(segments[variationId]).toBe('is here');
    for (const goal of visit.goals) expect(goals[`g${goal}`]).toBe(true);
    for (const id of visit.experiences) {
      // Whoever is told that it has won is what is stored; whoever is told that it has lost is not, and knows who has.
      const hasWon = !committed.lost.has(experienceClaim(String(id)));
      expect(bucketing[id] === variationId).toBe(hasWon);
      expect(committed.state.bucketing?.[id]).toBe(bucketing[id]);
    }
  }
  for (const key of ['k', 'l']) {
    const { goals = {} } = stateOf(key);
    for (const goal of Object.keys(goals)) {
      const made = results.filter(({ visit }) => visit.key === key && visit.goals.includes(Number(goal[1])));
      const winners = made.filter(({ committed }) => committed && !committed.lost.has(goalClaim(goal)));
      const isUnknown = made.some(({ committed }) => committed === undefined);
      expect(winners.length).toBeLessThanOrEqual(1);
      // It may have been one that was never told.
      if (!isUnknown) expect(winners).toHaveLength(1);
    }
  }
}

describe.each(['by version', 'by text'] as const)('stores over documents that are told apart %s', (kind) => {
  it('let the first write win, have one winner for each claim, and lose no update', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(visit, { minLength: 2, maxLength: 12 }),
        fc.array(fate, { minLength: 1, maxLength: 30 }),
        fc.scheduler(),
        async (visits, fates, scheduler) => check(await play(kind, visits, fates, scheduler)),
      ),
      { numRuns: 75 },
    );
  });
});

describe('a state that is read again', () => {
  it('is the same as long as its text is, and is committed over the version that was read last', async () => {
    let kept: Document | undefined = { text: '{"goals":{"buy":true}}', version: 1 };
    const replaced: unknown[] = [];
    const store = documentStore({
      remote: false,
      read: () => kept,
      async compareAndSet(_key, before, text) {
        replaced.push(before?.version);
        kept = { text, version: 7 };
        return { isReplaced: true, version: 7 };
      },
      delete: async () => undefined,
    });
    const first = store.read('k');
    // Written again by another process, as it was.
    kept = { ...kept, version: 2 };
    const second = store.read('k') as VisitorState;
    expect(second).toEqual({ goals: { buy: true } });
    expect(second).toBe(first);
    await store.commit('k', { goals: ['see'] }, { ephemeral: false, known: second });
    expect(replaced).toEqual([2]);
    expect(store.read('k')).toEqual({ goals: { buy: true, see: true } });
    kept = undefined;
    expect(store.read('k')).toBeUndefined();
  });

  it('is that of its own key, of a bounded number of them', () => {
    const store = documentStore({
      remote: false,
      read: (key) => ({ text: JSON.stringify({ goals: { [key]: true } }) }),
      compareAndSet: async () => ({ isReplaced: true }),
      delete: async () => undefined,
    });
    const keys = Array.from({ length: 2_100 }, (_, n) => `k${n}`);
    const first = store.read('k0');
    for (const key of keys) expect(store.read(key)).toEqual({ goals: { [key]: true } });
    expect(store.read('k0')).toEqual(first);
    expect(store.read('k0')).not.toBe(first);
  });
});

describe('F7: a document of a newer format', () => {
  const text = '{"format":99,"bucketing":{"7":"x"},"goals":{"buy":true},"held":"what is it?"}';
  const changes: StateChange[] = [
    { claims: { 7: { variationId: 'y', exposed: true } }, goals: ['buy', 'see'] },
    { segments: { plan: 'pro' }, consent: 'granted', at: 1 },
    { settled: ['goal:see'] },
  ];

  function inMemory() {
    const kept = new Map([['k', text]]);
    const documents: Documents = {
      remote: false,
      read: (key) => (kept.has(key) ? { text: kept.get(key)! } : undefined),
      async compareAndSet(key, before, next) {
        if (kept.get(key) !== before?.text) return { isReplaced: false, found: { text: kept.get(key)! } };
        kept.set(key, next);
        return { isReplaced: true };
      },
      delete: async (key) => void kept.delete(key),
    };
    const data = {
      get: (key: string) => JSON.parse(kept.get(key) ?? 'null') as unknown,
      set: kept.set.bind(kept),
    };
    return { kept, documents, data };
  }

  it.each(['documents', 'data'] as const)('is left alone, in a store over %s', async (kind) => {
    const place = inMemory();
    const store = kind === 'documents' ? documentStore(place.documents) : sdkStore(place.data);
    const known = (await store.read('k'))!;
    expect(known).toEqual({ bucketing: { 7: 'x' }, goals: { buy: true } });
    const [first] = await Promise.all(
      changes.flatMap((change) => [
        Promise.resolve(store.commit('k', change, { ephemeral: false, known })),
        Promise.resolve(store.commit('k', change, { ephemeral: true, first: true })),
      ]),
    );
    expect([...first!.lost]).toEqual(['experience:7', 'goal:buy']);
    expect(place.kept.get('k')).toBe(text);
    // A visitor who is forgotten, or takes consent back, is forgotten in any format.
    await store.commit('k', { consent: 'withdrawn', release: true }, { ephemeral: false });
    expect(place.kept.get('k')).not.toBe(text);
  });
});
