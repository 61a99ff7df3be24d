/** The cookie of assignments: whose it is, what it holds, and what becomes of one that is none. */
import { nodeDigests } from '../../../src/utils/node/digests.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignmentCookie,
  type AssignmentCookieOptions,
} from '../../../src/identity/cookies/assignment-cookie.js';
import { createSigner } from '../../../src/identity/cookies/signer.js';
import type { VisitorCookieOptions } from '../../../src/identity/cookies/visitor-cookie.js';
import type { ProjectConfig } from '../../../src/model/project-config.js';
import type { VisitorState } from '../../../src/model/visitor-state/types.js';
import { incoming } from '../support.js';

const [OLD, NEW] = ['the secret of last year', 'the secret of this year'];
const KEY = '1001-2002-visitor-1';
const config = (...experiences: string[]): ProjectConfig => ({
  account_id: '1001',
  project: { id: '2002' },
  experiences: experiences.map((id) => ({ id, key: `key-${id}` })),
});
const kept = (): boolean => true;

interface Visit {
  value?: string | undefined;
  storeKey?: string;
  stored?: VisitorState;
  decided?: Record<string, string>;
  running?: string[];
}

/** One request: what it sees of the visitor, and the value that the response sets. */
function visit(cookie: ReturnType<typeof assignmentCookie>, { value, stored, ...more }: Visit) {
  const { storeKey = KEY, decided = {}, running = [] } = more;
  const request = incoming(value === undefined ? {} : { cookie: `cv_asg=${value}` });
  const carried = cookie.open(request, storeKey, stored);
  const state: VisitorState = { ...carried.state, bucketing: { ...carried.state?.bucketing, ...decided } };
  const { line, dropped } = carried.update(state, config(...running), kept);
  return { seen: carried.state?.bucketing, line, dropped, value: /=([^;]*)/.exec(line ?? '')?.[1] };
}

const cookie = assignmentCookie(nodeDigests, NEW);
const first = visit(cookie, { decided: { 101: '1010', 102: '1021' } });
const value = first.value!;

describe('the cookie of assignments', () => {
  it('holds what was decided, and is set once', () => {
    expect(value).toMatch(/^1\.[0-9a-z]{25}\.2t\.s2\.2u\.sd$/);
    const next = visit(cookie, { value });
    expect(next.seen).toEqual({ 101: '1010', 102: '1021' });
    expect(next.line).toBeUndefined();
    expect(visit(cookie, {}).line).toBeUndefined();
    expect(visit(cookie, { value, decided: { 103: '1030' } }).value).toMatch(/\.2u\.sd\.2v\.sm$/);
  });

  it.each<[string, VisitorCookieOptions | undefined, AssignmentCookieOptions | undefined, string]>([
    ['by default', undefined, undefined, 'Max-Age=31536000; Path=/; HttpOnly; Secure; SameSite=Lax'],
    [
      'as the visitor cookie',
      { domain: 'shop.example', maxAge: 60, secure: false },
      undefined,
      'Max-Age=60; Domain=shop.example; Path=/; HttpOnly; SameSite=Lax',
    ],
    [
      'as is said',
      { domain: 'shop.example', maxAge: 60, secure: false },
      { domain: '.Shop.example', maxAge: 30, sameSite: 'none', name: 'asg' },
      'Max-Age=30; Domain=shop.example; Path=/; HttpOnly; Secure; SameSite=None',
    ],
  ])('has the attributes that it should have, %s', (_name, visitor, options, attributes) => {
    const made = assignmentCookie(nodeDigests, NEW, options, visitor);
    const name = options?.name ?? 'cv_asg';
    const { line } = visit(made, { decided: { 101: '1010' } });
    expect(line?.slice(line.indexOf(';') + 2)).toBe(attributes);
    expect(line).toMatch(new RegExp(`^${name}=1\\.`));
    expect(made.expire(incoming())[0]).toBe(`${name}=; ${attributes.replace(/Max-Age=\d+/, 'Max-Age=0')}`);
    expect(made.present(incoming({ cookie: `${name}=` }))).toBe(true);
    expect(made.present(incoming({ cookie: `x${name}=1` }))).toBe(false);
  });

  it('is nobody else’s: another visitor, project or secret', () => {
    for (const storeKey of ['1001-2002-visitor-2', '1001-2003-visitor-1', '1001-2002~cookie-visitor-1']) {
      expect(visit(cookie, { value, storeKey }).seen).toBeUndefined();
    }
    expect(visit(assignmentCookie(nodeDigests, OLD), { value }).seen).toBeUndefined();
    expect(visit(cookie, { value }).seen).toBeDefined();
  });

  it('counts as absent where a character is another one, one is missing, or one is more', () => {
    const changed = [...value].flatMap((_, at) => [
      ...['', '0', '1', '.', 'Z'].map((other) => value.slice(0, at) + other + value.slice(at + 1)),
      value.slice(0, at),
    ]);
    // One `expect` for all: a thousand of them take longer than what they are about.
    const counted = changed.filter((other) => {
      const { seen, line } = visit(cookie, { value: other });
      return other !== value && (seen ?? line) !== undefined;
    });
    expect(counted).toEqual([]);
    expect(visit(cookie, { value: `${value}.2v.sm` }).seen).toBeUndefined();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(visit(cookie, { value: garbage }).seen).toBeUndefined();
        expect(visit(cookie, { value: `1.${'0'.repeat(25)}.${garbage}` }).seen).toBeUndefined();
      }),
    );
  });

  it('is not looked at where it is over-long, though it is signed', () => {
    const signer = createSigner(nodeDigests, NEW, 'assignments');
    const signed = (payload: string): string =>
      `1.${signer.sign(JSON.stringify(['1', KEY, payload]))}.${payload}`;
    expect(visit(cookie, { value: signed('2t.s2') }).seen).toEqual({ 101: '1010' });
    const [fits, isOver] = [4_096, 4_097].map((length) => signed(`2t._${'A'.repeat(length - 32)}`));
    expect([fits!.length, isOver!.length]).toEqual([4_096, 4_097]);
    expect(visit(cookie, { value: fits }).seen).toBeDefined();
    expect(visit(cookie, { value: isOver }).seen).toBeUndefined();
  });

  it('is taken from a previous secret, and signed anew with the first', () => {
    const rotated = assignmentCookie(nodeDigests, [OLD, NEW]);
    const { seen, value: again } = visit(rotated, { value });
    expect(seen).toEqual({ 101: '1010', 102: '1021' });
    expect(again).not.toBe(value);
    expect(again?.split('.').slice(2)).toEqual(value.split('.').slice(2));
    expect(visit(rotated, { value: again }).line).toBeUndefined();
    expect(visit(assignmentCookie(nodeDigests, OLD), { value: again }).seen).toBeDefined();
    expect(visit(cookie, { value: again }).seen).toBeUndefined();
  });

  it('says less than the store, which wins', () => {
    const stored: VisitorState = { bucketing: { 101: '1011' }, goals: { purchase: true } };
    const { seen, value: next } = visit(cookie, { value, stored });
    expect(seen).toEqual({ 101: '1011', 102: '1021' });
    expect(visit(cookie, { value: next }).seen).toEqual({ 101: '1011', 102: '1021' });
    expect(stored.bucketing).toEqual({ 101: '1011' });
  });

  it('holds any id, and never touches a prototype', () => {
    const odd = Object.defineProperty({ 'exp-é': '__proto__' }, '__proto__', {
      value: 'constructor',
      enumerable: true,
    }) as Record<string, string>;
    const carried = cookie.open(incoming(), KEY, undefined);
    const { line } = carried.update({ bucketing: odd }, config(), kept);
    const seen = visit(cookie, { value: /=([^;]*)/.exec(line!)![1] }).seen!;
    expect(Object.entries(seen)).toEqual(Object.entries(odd));
    expect(Object.getPrototypeOf(seen)).toBe(Object.prototype);
  });

  it('leaves out what is still owed, what was not accepted, and what is no variation', () => {
    const carried = cookie.open(incoming(), KEY, undefined);
    const bucketing = { 1: '10', 2: '20', 3: '30', 4: { no: 'id' } as unknown as string };
    const state: VisitorState = { bucketing, unexposed: ['2'] };
    const { line } = carried.update(state, config(), (id) => id !== '3');
    expect(visit(cookie, { value: /=([^;]*)/.exec(line!)![1] }).seen).toEqual({ 1: '10' });
    // What it carries already was exposed somewhere.
    const owed: VisitorState = { bucketing: { 101: '1010', 102: '1020' }, unexposed: ['101', '102'] };
    expect(visit(cookie, { value, stored: owed }).value).toMatch(/^1\.\w{25}\.2t\.s2$/);
  });
});

describe('where assignments have no room', () => {
  const ids = Array.from({ length: 400 }, (_, n) => String(100_000_000 + n));
  const all = Object.fromEntries(ids.map((id) => [id, id]));
  const size = (line: string | undefined): number => line!.indexOf(';');

  it('the cookie is at most 3.5 KB, and what no longer runs goes first', () => {
    const [over, running] = [ids.slice(200), ids.slice(0, 200)];
    const { line, dropped, value: packed } = visit(cookie, { decided: all, running });
    expect(size(line)).toBeLessThanOrEqual(3_584);
    expect(size(line)).toBeGreaterThan(3_560);
    const seen = Object.keys(visit(cookie, { value: packed }).seen!);
    expect(seen).toEqual([...running, ...over.slice(dropped)]);
    const archived = { ...config(...ids), archived_experiences: over.map(Number) };
    const carried = cookie.open(incoming(), KEY, undefined);
    expect(carried.update({ bucketing: all }, archived, kept).line).toBe(line);
  });

  it('then what was decided first goes, and the newest stays', () => {
    const one = visit(cookie, { decided: { 999999999: '1' } });
    const { value: packed } = visit(cookie, {
      value: one.value,
      decided: all,
      running: [...ids, '999999999'],
    });
    const seen = visit(cookie, { value: packed }).seen!;
    expect(seen).not.toHaveProperty('999999999');
    expect(seen).toHaveProperty(ids.at(-1)!);
    const next = visit(cookie, { value: packed, decided: { 5: '50' }, running: [...ids, '5'] });
    expect(visit(cookie, { value: next.value }).seen).toHaveProperty('5', '50');
  });

  it('the next request changes nothing, though the store holds more', () => {
    for (const running of [[], ids, ids.slice(0, 100), ids.slice(300)]) {
      const stored: VisitorState = { bucketing: { ...all, 7: '70', 'a-long-name-of-an-experience': '1' } };
      let brought: string | undefined;
      for (let n = 0; n < 3; n++) {
        const { line, value: next } = visit(cookie, { value: brought, stored, running });
        if (n > 0) expect(line).toBeUndefined();
        brought = next ?? brought;
      }
    }
  });
});

describe('several cookies of assignments', () => {
  it('A1: of them, the first that was signed for the visitor counts', () => {
    const foreign = visit(cookie, { storeKey: '1001-2002-visitor-2', decided: { 101: '1011' } }).value!;
    for (const stale of ['s%3Aold.sig', '', foreign, value.replace('2t', '2x')]) {
      const { seen, line } = visit(cookie, { value: `${stale}; cv_asg=${value}` });
      expect(seen).toEqual({ 101: '1010', 102: '1021' });
      expect(line).toBeUndefined();
    }
  });

  it('A1: at most eight of them cost an HMAC', () => {
    const eighth = `${foreignTo(value).repeat(7)}cv_asg=${value}`.slice('cv_asg='.length);
    expect(visit(cookie, { value: eighth }).seen).toEqual({ 101: '1010', 102: '1021' });
    const ninth = `${foreignTo(value).repeat(8)}cv_asg=${value}`.slice('cv_asg='.length);
    expect(visit(cookie, { value: ninth }).seen).toBeUndefined();
  });
});

/** A cookie of the right form that was signed for nobody, and the separator after it. */
const foreignTo = (signed: string): string => `cv_asg=${signed.replace('2t', '2x')}; `;

describe('F7: a cookie of assignments of a newer format', () => {
  it('is left alone, and told, unless there is one that can be read', () => {
    const told: string[] = [];
    const newer = assignmentCookie(nodeDigests, NEW, {}, {}, (name) => told.push(name));
    const left = visit(newer, { value: value.replace('1.', '99.'), decided: { 101: '1011' } });
    expect([left.seen, left.line]).toEqual([undefined, undefined]);
    expect(told).toEqual(['cv_asg']);
    expect(visit(newer, { value: `99.a.b; cv_asg=${value}` }).seen).toEqual({ 101: '1010', 102: '1021' });
    expect(told).toHaveLength(1);
  });
});
