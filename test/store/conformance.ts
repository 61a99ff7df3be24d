/** What every visitor store does. The ids of the cases are pinned: other documents refer to them. */
import { describe, expect, it } from 'vitest';
import type { VisitorStore } from '../../src/store/port.js';

const claim = (variationId: string, more: object = {}) => ({ variationId, exposed: true, ...more });
const established = { ephemeral: false };

export function storeConformance(name: string, make: () => VisitorStore): void {
  describe(`the store ${name}`, () => {
    it('S1 knows nothing of a visitor it has not seen', async () => {
      expect(await make().read('1-2-a')).toBeUndefined();
    });

    it('S2 returns what was committed, per key', async () => {
      const store = make();
      await store.commit(
        '1-2-a',
        { claims: { 7: claim('x') }, goals: ['buy'], locations: ['3'] },
        established,
      );
      await store.commit('1-2-b', { segments: { country: 'DE' } }, established);
      expect(await store.read('1-2-a')).toEqual({
        bucketing: { 7: 'x' },
        goals: { buy: true },
        locations: ['3'],
      });
      expect(await store.read('1-2-b')).toEqual({ segments: { country: 'DE' } });
    });

    it('S3 lets the first write win, and names what was lost', async () => {
      const store = make();
      await store.commit('k', { claims: { 7: claim('x') }, goals: ['buy'] }, established);
      const { state, lost } = await store.commit(
        'k',
        { claims: { 7: claim('y'), 8: claim('z') }, goals: ['buy'] },
        established,
      );
      expect(state).toEqual({ bucketing: { 7: 'x', 8: 'z' }, goals: { buy: true } });
      expect([...lost].sort()).toEqual(['experience:7', 'goal:buy']);
      expect(await store.read('k')).toEqual(state);
    });

    it('S4 lets one of many win that commit at the same time', async () => {
      const store = make();
      const results = await Promise.all(
        Array.from({ length: 50 }, async (_, n) =>
          store.commit('k', { claims: { 7: claim(`v${n}`) }, goals: ['buy'] }, established),
        ),
      );
      expect(results.filter(({ lost }) => lost.size === 0)).toHaveLength(1);
      const winner = results.findIndex(({ lost }) => lost.size === 0);
      expect((await store.read('k'))?.bucketing).toEqual({ 7: `v${winner}` });
    });

    it('S5 replaces by compare-and-set', async () => {
      const store = make();
      await store.commit('k', { claims: { 7: claim('gone') } }, established);
      const replace = { claims: { 7: claim('new', { replaces: 'gone' }) } };
      const results = [
        await store.commit('k', replace, established),
        await store.commit('k', replace, established),
      ];
      expect(results.map(({ lost }) => lost.size)).toEqual([0, 1]);
    });

    it('S6 forgets a visitor', async () => {
      const store = make();
      await store.commit('k', { goals: ['buy'] }, established);
      await store.delete('k');
      expect((await store.read('k'))?.goals).toBeUndefined();
    });

    it('S7 bears any key', async () => {
      const store = make();
      for (const key of ['__proto__', '1-2-ü \u{1F600}', `1-2-${'x'.repeat(300)}`, 'constructor']) {
        expect(await store.read(key)).toBeUndefined();
        await store.commit(key, { goals: ['buy'] }, established);
        expect(await store.read(key)).toEqual({ goals: { buy: true } });
      }
    });
  });
}
