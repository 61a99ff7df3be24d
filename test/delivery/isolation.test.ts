import { describe, expect, it } from 'vitest';
import { Isolation } from '../../src/delivery/isolation.js';

interface Event {
  visitorId: string;
  isBad: boolean;
}

interface Found {
  posts: number;
  accepted: Event[];
  givenUp: Event[];
  isEndpoint: boolean;
}

/** Posts what the search asks for, until it is over. */
function search(
  isolation: Isolation<Event>,
  isRefused = (part: Event[]) => part.some(({ isBad }) => isBad),
): Found {
  const found: Found = { posts: 0, accepted: [], givenUp: [], isEndpoint: false };
  for (let part = isolation.next(); part.length > 0; part = isolation.next()) {
    found.posts += 1;
    if (found.posts > 500) throw new Error('the search has no end');
    if (!isRefused(part)) {
      isolation.accepted(part);
      found.accepted.push(...part);
      continue;
    }
    const verdict = isolation.refused(part);
    if (verdict === 'endpoint') return { ...found, isEndpoint: true };
    found.givenUp.push(...verdict);
  }
  return found;
}

const batchOf = (size: number, bad: (n: number) => boolean): Event[] =>
  Array.from({ length: size }, (_, n) => ({ visitorId: `v${n}`, isBad: bad(n) }));

describe('Isolation', () => {
  it.each(['certain', 'doubtful'] as const)(
    'E2: finds one refused event, wherever it is (%s)',
    (certainty) => {
      for (const size of [2, 3, 4, 5, 8, 17, 100, 201]) {
        for (let at = 0; at < size; at++) {
          const batch = batchOf(size, (n) => n === at);
          const { givenUp, accepted, posts } = search(new Isolation(batch, certainty));
          expect(givenUp).toEqual([batch[at]]);
          expect(accepted).toHaveLength(size - 1);
          expect(posts).toBeLessThanOrEqual(Math.ceil(Math.log2(size)) + (certainty === 'certain' ? 3 : 6));
        }
      }
    },
  );

  it('E2: finds three refused events of 1,000 side by side, in at most 64 POSTs', () => {
    for (const first of [0, 1, 124, 249, 500, 750, 997]) {
      const batch = batchOf(1000, (n) => n >= first && n < first + 3);
      const { givenUp, accepted, posts } = search(new Isolation(batch, 'certain'));
      expect(givenUp).toHaveLength(3);
      expect(accepted).toHaveLength(997);
      expect(posts).toBeLessThanOrEqual(64);
    }
  });

  it.each(['certain', 'doubtful'] as const)(
    'E2: blames the endpoint after four refused quarters (%s)',
    (certainty) => {
      const batch = batchOf(100, () => true);
      const isolation = new Isolation(batch, certainty);
      expect(search(isolation)).toEqual({ posts: 3 + 1, accepted: [], givenUp: [], isEndpoint: true });
      expect(isolation.undecided).toEqual(batch);
    },
  );

  it('E2: gives up nothing if the endpoint fails in the middle of a search', () => {
    const batch = batchOf(200, (n) => n === 150);
    let posts = 0;
    const isRefused = (part: Event[]): boolean => (posts += 1) > 4 || part.some(({ isBad }) => isBad);
    const { givenUp, isEndpoint } = search(new Isolation(batch, 'doubtful'), isRefused);
    expect({ givenUp, isEndpoint }).toEqual({ givenUp: [], isEndpoint: true });
  });

  it('E2: smaller parts are tried in later rounds', () => {
    const isolation = new Isolation(
      batchOf(100, (n) => n % 25 === 20),
      'doubtful',
      1,
    );
    expect(search(isolation).givenUp).toHaveLength(4);
  });

  it('E2: a later event of a visitor waits for an earlier one', () => {
    const batch = batchOf(40, (n) => n === 3).map((event, n) => ({ ...event, visitorId: `v${n % 10}` }));
    for (const certainty of ['certain', 'doubtful'] as const) {
      const decided: Event[] = [];
      const isolation = new Isolation(batch, certainty);
      for (let part = isolation.next(); part.length > 0; part = isolation.next()) {
        const earlier = batch.filter((event) => !decided.includes(event) && !part.includes(event));
        for (const event of part) {
          const waits = earlier.some(
            (each) => each.visitorId === event.visitorId && batch.indexOf(each) < batch.indexOf(event),
          );
          expect(waits).toBe(false);
        }
        if (part.some(({ isBad }) => isBad)) {
          const verdict = isolation.refused(part);
          if (verdict !== 'endpoint') decided.push(...verdict);
        } else {
          isolation.accepted(part);
          decided.push(...part);
        }
      }
      expect(decided).toHaveLength(40);
    }
  });
});
