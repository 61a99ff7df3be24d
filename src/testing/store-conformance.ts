/**
 * A test suite that checks whether a visitor store does what Convert needs of it. The ids of cases never change. The
 * file is over 300 lines since it is one table of cases.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { experienceClaim, goalClaim, transactionClaim } from '../model/visitor-state/claims.js';
import type { Claim, Committed, StateChange, VisitorState } from '../model/visitor-state/types.js';
import type { VisitorStore } from '../store/types.js';

/** The function that registers a test: `it` of Vitest, Jest and Mocha, `test` of `node:test`. */
export type It = (name: string, run: () => Promise<void>) => unknown;

/**
 * Opens a store at a place: a name for the storage, such as the name of a folder or a key prefix. A place with a new
 * name must be empty. Stores of one place share their content, if that kind of store can.
 */
export type StoreFactory = (place: string) => VisitorStore | Promise<VisitorStore>;

/** What a store promises, which the conformance suite then checks. */
export interface StoreCapabilities {
  /** True if two stores of one place have the same content, as the stores of two processes do. Default false. */
  shared?: boolean;
  /**
   * True if the first write wins when different stores of one place commit at the same time. Default: as `shared`. The
   * suite runs in one process, and can not see a race between processes: a store that processes share needs a test
   * with child processes, too.
   */
  atomic?: boolean;
  /**
   * Milliseconds for which the stores of the factory keep an ephemeral visitor (state under a generated id): a few
   * hundred, or more on a slow machine. The case S17 waits for twice as long. Default: that case is left out.
   */
  ephemeralAge?: number;
  /**
   * Milliseconds, a few hundred or more: the stores keep a state for the `age` that its commit gives, and a read with
   * `prolongs: false` does not prolong it. The case S22 waits for somewhat longer. Default: that case is left out.
   */
  age?: number;
}

interface Opened {
  /** Opens another store at the place of this case. */
  readonly open: () => Promise<VisitorStore>;
  readonly can: StoreCapabilities;
}

type Case = (opened: Opened) => Promise<void>;

const KEPT = { ephemeral: false };
const GENERATED = { ephemeral: true, first: true };

const claim = (variationId: string, more: Partial<Claim> = {}): Claim => ({
  variationId,
  exposed: true,
  ...more,
});

/**
 * Asserts that a visitor's state is as expected. The field `commit`, which a store may add, is ignored, and undefined
 * equals absent.
 */
function holds(state: VisitorState | undefined, expected: VisitorState): void {
  const { commit: _, ...rest } = state ?? {};
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), expected);
}
const lostOf = ({ lost }: Committed): string[] => [...lost].sort();
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

const ALWAYS: Record<string, Case> = {
  async 'S1 knows nothing of a visitor it has not seen'({ open }) {
    const store = await open();
    assert.equal(await store.read('1-2-a'), undefined);
  },

  async 'S2 returns what was committed, per key'({ open }) {
    const store = await open();
    const change: StateChange = { claims: { 7: claim('x') }, goals: ['buy'], locations: ['3'] };
    await store.commit('1-2-a', change, KEPT);
    await store.commit('1-2-b', { segments: { country: 'DE' } }, KEPT);
    holds(await store.read('1-2-a'), { bucketing: { 7: 'x' }, goals: { buy: true }, locations: ['3'] });
    holds(await store.read('1-2-b'), { segments: { country: 'DE' } });
  },

  async 'S3 lets the first write win, and names what was lost'({ open }) {
    const store = await open();
    await store.commit('k', { claims: { 7: claim('x') }, goals: ['buy'] }, KEPT);
    const second: StateChange = { claims: { 7: claim('y'), 8: claim('z') }, goals: ['buy', 'see'] };
    const committed = await store.commit('k', second, KEPT);
    holds(committed.state, { bucketing: { 7: 'x', 8: 'z' }, goals: { buy: true, see: true } });
    assert.deepEqual(lostOf(committed), [experienceClaim('7'), goalClaim('buy')]);
    holds(await store.read('k'), { bucketing: { 7: 'x', 8: 'z' }, goals: { buy: true, see: true } });
  },

  async 'S4 lets one of many win that commit at the same time'({ open }) {
    const store = await open();
    const results = await Promise.all(
      numbers(50).map(async (n) =>
        store.commit('k', { claims: { 7: claim(`v${n}`) }, goals: ['buy'] }, KEPT),
      ),
    );
    const winners = numbers(50).filter((n) => results[n]!.lost.size === 0);
    assert.equal(winners.length, 1);
    holds(await store.read('k'), { bucketing: { 7: `v${winners[0]}` }, goals: { buy: true } });
  },

  async 'S5 replaces by compare-and-set'({ open }) {
    const store = await open();
    await store.commit('k', { claims: { 7: claim('gone') } }, KEPT);
    const replace = { claims: { 7: claim('new', { replaces: 'gone' }) } };
    const results = [await store.commit('k', replace, KEPT), await store.commit('k', replace, KEPT)];
    assert.deepEqual(results.map(lostOf), [[], [experienceClaim('7')]]);
  },

  async 'S6 forgets a visitor'({ open }) {
    const store = await open();
    await store.commit('k', { goals: ['buy'] }, KEPT);
    await store.delete('k');
    await store.delete('never');
    assert.equal((await store.read('k'))?.goals?.buy, undefined);
    assert.deepEqual(lostOf(await store.commit('k', { goals: ['buy'] }, KEPT)), []);
  },

  async 'S7 bears any key'({ open }) {
    const store = await open();
    const long = `1-2-${'x'.repeat(3_000)}`;
    for (const key of ['__proto__', '1-2-ü \u{1F600} {} \ud800', long, `${long}y`, 'constructor']) {
      assert.equal(await store.read(key), undefined);
      await store.commit(key, { goals: ['buy'] }, KEPT);
      holds(await store.read(key), { goals: { buy: true } });
    }
  },

  async 'S8 bears any content'({ open }) {
    const store = await open();
    const segments = {
      '': [],
      'ü"\\\u0000\ud800': { deep: [[], {}, null, 0, -1.5e-300, ''] },
      big: 'x'.repeat(50_000),
    };
    await store.commit('k', { segments, locations: [], goals: ['constructor'] }, KEPT);
    holds(await store.read('k'), { segments, locations: [], goals: { constructor: true } });
  },

  async 'S9 tracks a transaction once'({ open }) {
    const store = await open();
    await store.commit('k', { transactions: { buy: ['t1'] } }, KEPT);
    const committed = await store.commit('k', { transactions: { buy: ['t1', 't2'], see: ['t1'] } }, KEPT);
    assert.deepEqual(lostOf(committed), [transactionClaim('buy', 't1')]);
    holds(await store.read('k'), { transactions: { buy: ['t1', 't2'], see: ['t1'] } });
  },

  async 'S10 lets a claim lapse that is pending, unless it is settled'({ open }) {
    const store = await open();
    const first: StateChange = {
      claims: { 7: claim('x'), 8: claim('x') },
      at: 1_000,
      pending: { claims: [experienceClaim('7'), experienceClaim('8')], until: 11_000 },
    };
    const { state } = await store.commit('k', first, KEPT);
    await store.commit('k', { settled: [experienceClaim('8')] }, { ...KEPT, known: state });
    const again: StateChange = { claims: { 7: claim('y'), 8: claim('y') } };
    assert.equal(lostOf(await store.commit('k', { ...again, at: 10_999 }, KEPT)).length, 2);
    assert.deepEqual(lostOf(await store.commit('k', { ...again, at: 11_001 }, KEPT)), [experienceClaim('8')]);
    holds(await store.read('k'), { bucketing: { 7: 'y', 8: 'x' } });
  },

  async 'S11 is not misled by what a request knew of the visitor'({ open }) {
    const store = await open();
    await store.commit('k', { goals: ['a'] }, KEPT);
    const known = (await store.read('k')) ?? null;
    await store.commit('k', { goals: ['b'] }, KEPT);
    await store.commit('k', { goals: ['c'] }, { ...KEPT, known });
    await store.commit('k', { goals: ['d'] }, { ...KEPT, known: null });
    await store.commit('k', { goals: ['e'] }, { ...KEPT, known: { goals: { z: true } } });
    holds(await store.read('k'), { goals: { a: true, b: true, c: true, d: true, e: true } });
  },

  async 'S12 gives away nothing that changes what it holds'({ open }) {
    const store = await open();
    const change: StateChange = { claims: { 7: claim('x') }, segments: { list: ['a'] } };
    const { state } = await store.commit('k', change, KEPT);
    const read = await store.read('k');
    const before = JSON.stringify([state, read]);
    await store.commit('k', { claims: { 8: claim('y') }, segments: { list: ['b'] }, goals: ['buy'] }, KEPT);
    assert.equal(JSON.stringify([state, read]), before);
    assert.deepEqual(change, { claims: { 7: claim('x') }, segments: { list: ['a'] } });
  },
};

/**
 * Cases about data that is removed again. They came later, and ids of cases never change, so their numbers are higher.
 */
const TAKING: Record<string, Case> = {
  async 'S18 takes away what a request did not know of'({ open }) {
    const store = await open();
    const held = { at: Date.now(), change: {}, events: [] };
    const until = Date.now() + 60_000;
    await store.commit(
      'k',
      { consent: 'granted', hold: held, goals: ['buy'], pending: { claims: [goalClaim('buy')], until } },
      KEPT,
    );
    await store.commit('k', { consent: 'withdrawn', release: true }, KEPT);
    await store.commit('k', { settled: [goalClaim('buy')] }, { ...KEPT, known: {} });
    holds(await store.read('k'), { goals: { buy: true } });
  },

  async 'S19 loses no claim to a visitor who was forgotten'({ open }) {
    const store = await open();
    const { state } = await store.commit('k', { goals: ['buy'] }, KEPT);
    await store.delete('k');
    assert.deepEqual(lostOf(await store.commit('k', { goals: ['buy'] }, { ...KEPT, known: state })), []);
  },
};

/** A case about the users who log in as a visitor. */
const USERS: Record<string, Case> = {
  async 'S20 gives a visitor to one user'({ open }) {
    const store = await open();
    const results = await Promise.all(
      numbers(20).map(async (n) => store.commit('k', { users: [`user-${n}`, `was-${n}`] }, KEPT)),
    );
    const [owner = ''] = results[0]!.state.users ?? [];
    for (const { state } of results) assert.deepEqual(state.users, [owner]);
    await store.commit('k', { users: ['another', 'hash'] }, KEPT);
    await store.commit('k', { users: ['later', owner] }, KEPT);
    holds(await store.read('k'), { users: [owner, 'later'] });
  },
};

/** Cases about the room that one visitor may take. */
const BOUNDED: Record<string, Case> = {
  async 'S21 bounds the bytes of a visitor, and keeps the variations'({ open }) {
    const store = await open();
    await store.commit('k', { claims: { 7: claim('x') }, goals: ['buy'] }, KEPT);
    for (const n of numbers(40)) {
      const change: StateChange = { segments: { [`p${n}`]: 'x'.repeat(3_000) } };
      await store.commit('k', change, KEPT);
    }
    const state = (await store.read('k'))!;
    assert.ok(JSON.stringify(state).length < 66_000);
    assert.equal((state.segments?.p39 as string).length, 3_000);
    assert.deepEqual([{ ...state.bucketing }, { ...state.goals }], [{ 7: 'x' }, { buy: true }]);
  },
};

const SHARED: Record<string, Case> = {
  async 'S13 holds for all what one has committed'({ open }) {
    const [one, other] = [await open(), await open()];
    await one.commit('k', { claims: { 7: claim('x') } }, GENERATED);
    holds(await other.read('k'), { bucketing: { 7: 'x' } });
    await other.commit('k', { goals: ['buy'] }, KEPT);
    holds(await one.read('k'), { bucketing: { 7: 'x' }, goals: { buy: true } });
    await one.delete('k');
    assert.equal((await other.read('k'))?.goals?.buy, undefined);
  },

  async 'S14 outlives a store that is closed'({ open }) {
    const one = await open();
    // The commit is under way while the store closes: it may fail, but must not be lost if it succeeds.
    const committed = Promise.resolve(one.commit('k', { goals: ['buy'] }, KEPT)).catch(() => undefined);
    await one.close?.();
    await one.close?.();
    if ((await committed) === undefined) return;
    holds(await (await open()).read('k'), { goals: { buy: true } });
  },
};

const ATOMIC: Record<string, Case> = {
  async 'S15 loses nothing to another one that commits at the same time'({ open }) {
    const stores = [await open(), await open(), await open()];
    const results = await Promise.all(
      numbers(60).map(async (n) => {
        const change: StateChange = { claims: { 7: claim(`v${n}`) }, goals: [`g${n}`] };
        return stores[n % 3]!.commit('k', change, n % 2 === 0 ? KEPT : GENERATED);
      }),
    );
    assert.equal(results.filter(({ lost }) => lost.size === 0).length, 1);
    const { goals } = (await stores[0]!.read('k'))!;
    assert.deepEqual(Object.keys(goals ?? {}).length, 60);
  },

  async 'S16 lets one of two win that make the same change at the same time'({ open }) {
    const stores = [await open(), await open()];
    for (const n of numbers(20)) {
      const results = await Promise.all(
        stores.map(async (store) => store.commit(`k${n}`, { claims: { 7: claim('x') } }, GENERATED)),
      );
      assert.equal(results.filter(({ lost }) => lost.size === 0).length, 1);
    }
  },
};

const EPHEMERAL: Record<string, Case> = {
  async 'S17 keeps an id that does not come back for a while only'({ open, can }) {
    const age = can.ephemeralAge!;
    const store = await open();
    for (const key of ['gone', 'read', 'written']) await store.commit(key, { goals: ['buy'] }, GENERATED);
    await sleep(age / 2);
    holds(await store.read('read'), { goals: { buy: true } });
    await store.commit('written', { goals: ['see'] }, KEPT);
    await store.commit('written', { goals: ['hear'] }, { ephemeral: true });
    await sleep(age * 1.5);
    assert.equal((await store.read('gone'))?.goals?.buy, undefined);
    assert.deepEqual(lostOf(await store.commit('gone', { goals: ['buy'] }, KEPT)), []);
    holds(await store.read('read'), { goals: { buy: true } });
    holds(await store.read('written'), { goals: { buy: true, see: true, hear: true } });
  },
};

const AGED: Record<string, Case> = {
  async 'S22 keeps a note for the time that its commit gives, whether it is read or not'({ open, can }) {
    const age = can.age!;
    const store = await open();
    await store.commit('k', { consent: 'denied' }, { ...KEPT, age });
    await store.commit('other', { consent: 'denied' }, KEPT);
    holds(await store.read('k', { prolongs: false }), { consent: 'denied' });
    await sleep(age * 1.2);
    assert.equal((await store.read('k', { prolongs: false }))?.consent, undefined);
    holds(await store.read('other', { prolongs: false }), { consent: 'denied' });
  },
};

let places = 0;

/**
 * Checks a visitor store: each case is one call of `it`, which fails with an `AssertionError`. Stores are closed after
 * their case.
 *
 * @example
 *
 *     storeConformance(it, (place) => myStore({ folder: join(root, place) }), { shared: true });
 */
export function storeConformance(it: It, factory: StoreFactory, capabilities: StoreCapabilities = {}): void {
  const { shared = false, atomic = shared, ephemeralAge, age } = capabilities;
  const cases = {
    ...ALWAYS,
    ...TAKING,
    ...USERS,
    ...BOUNDED,
    ...(shared && SHARED),
    ...(atomic && shared && ATOMIC),
    ...(ephemeralAge !== undefined && EPHEMERAL),
    ...(age !== undefined && AGED),
  };
  for (const [name, run] of Object.entries(cases)) {
    it(name, async () => {
      const place = `conformance-${(places += 1)}`;
      const opened: VisitorStore[] = [];
      const open = async (): Promise<VisitorStore> => {
        const store = await factory(place);
        opened.push(store);
        return store;
      };
      try {
        await run({ open, can: capabilities });
      } finally {
        for (const store of opened) await store.close?.();
      }
    });
  }
}
