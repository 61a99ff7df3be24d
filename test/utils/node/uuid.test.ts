import { describe, expect, it } from 'vitest';
import { newUuid } from '../../../src/utils/node/uuid.js';

const VERSION_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a new id', () => {
  it('is a UUID of version 4, and never one that was there', () => {
    const ids = Array.from({ length: 10_000 }, newUuid);
    for (const id of ids) expect(id).toMatch(VERSION_4);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has every digit in every place', () => {
    const ids = Array.from({ length: 2_000 }, newUuid);
    for (let place = 0; place < 36; place++) {
      const seen = new Set(ids.map((id) => id[place]));
      expect(seen.size).toBe([8, 13, 14, 18, 23].includes(place) ? 1 : place === 19 ? 4 : 16);
    }
  });
});
