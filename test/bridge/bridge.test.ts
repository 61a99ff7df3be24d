import { describe, expect, it } from 'vitest';
import { createBridge } from '../../src/bridge/bridge.js';
import type { PageDecision } from '../../src/bridge/types.js';
import { decision, HOSTILE, run, source, unescaped } from './support.js';

const hostile = source({
  visitorId: HOSTILE,
  decisions: [
    decision({ experienceKey: HOSTILE, variationKey: HOSTILE }),
    decision({ isExposed: false, isFirstExposure: false }),
  ],
});
const VARIATIONS = { [HOSTILE]: HOSTILE, hero: 'b' };
/** As JSON has it. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('the bridge', () => {
  it('sets the variations, and apart from them who was counted', () => {
    const bridge = createBridge(source());
    expect(bridge.script()).toBe(
      '<script>window.__CV__={"hero":"b"};window.__CV_CONTEXT__={"visitorId":"v1","exposed":["hero"]}</script>',
    );
    expect(bridge.attribute()).toBe(
      'data-cv-variations="{&quot;hero&quot;:&quot;b&quot;}" data-cv-visitor="v1"',
    );
    expect(JSON.parse(bridge.json())).toEqual({
      visitorId: 'v1',
      variations: { hero: 'b' },
      exposed: ['hero'],
    });
  });

  it('writes a script that nothing in the data can end', () => {
    const script = createBridge(hostile).script({ nonce: '"><x' });
    expect(script).toMatch(/^<script nonce="&quot;&gt;&lt;x">[^<>&\u2028\u2029]*<\/script>$/);
    const page = run({}, script);
    expect(page.__CV__).toEqual(plain(VARIATIONS));
    expect(page.__CV_CONTEXT__).toEqual(plain({ visitorId: HOSTILE, exposed: [HOSTILE] }));
  });

  it.each<[string, string | undefined, { nonce?: string } | undefined, string]>([
    ['the one of the response', 'r', undefined, '<script nonce="r">'],
    ['the given one first', 'r', { nonce: 'g' }, '<script nonce="g">'],
    ['none', undefined, {}, '<script>'],
    ['what a template engine hands over', 'r', { hash: {}, data: {} } as object, '<script nonce="r">'],
  ])('takes as nonce %s', (_name, nonce, options, tag) => {
    expect(createBridge(source({}, nonce)).script(options)).toContain(tag);
  });

  it('writes attributes that nothing in the data can end', () => {
    const bridge = createBridge(hostile);
    const attribute = bridge.attribute();
    expect(attribute.match(/"/g)).toHaveLength(4);
    const [, variations, visitor] = /^data-cv-variations="([^"]*)" data-cv-visitor="([^"]*)"$/.exec(
      attribute,
    )!;
    expect(JSON.parse(unescaped(variations!))).toEqual(plain(VARIATIONS));
    expect(unescaped(visitor!)).toBe(HOSTILE.toWellFormed());
    expect(bridge.meta()).not.toMatch(/<(?!meta )/);
  });

  it('is JSON where only the data is wanted, of characters that a header takes, too', () => {
    const json = createBridge({
      ...hostile,
      read: () => ({ ...hostile.read(), visitorId: 'größer 🎉' }),
    }).json();
    expect(JSON.parse(json)).toEqual(
      plain({ visitorId: 'größer 🎉', variations: VARIATIONS, exposed: [HOSTILE] }),
    );
    expect(json).toMatch(/^[ -;=-~]*$/);
  });

  it('names no visitor who must not be identified', () => {
    const anonymous = createBridge(source({ visitorId: undefined, decisions: [] }));
    expect(anonymous.attribute()).toBe('data-cv-variations="{}"');
    expect(anonymous.script()).toBe('<script>window.__CV__={};window.__CV_CONTEXT__={"exposed":[]}</script>');
    expect(anonymous.meta()).toBe('<meta name="cv-variations" content="{}">');
  });

  it('reads the data when it writes, not before', () => {
    const decisions: PageDecision[] = [];
    const late = createBridge(source({ decisions }));
    decisions.push(decision());
    expect(JSON.parse(late.json())).toMatchObject({ variations: { hero: 'b' } });
  });
});
