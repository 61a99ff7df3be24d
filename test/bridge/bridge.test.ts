import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeText, type BridgeData, createBridge, scriptJson } from '../../src/bridge/bridge.js';
const hostile = `</script><!--<script>]]>&"'\`\u2028\u2029\ud800\u0000`;

/** What a browser makes of an attribute value. */
const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&');

describe('the bridge', () => {
  const data: BridgeData = { visitorId: hostile, variations: { [hostile]: hostile, hero: 'b' } };
  const bridge = createBridge(() => data);

  it('writes a script that nothing in the data can end', () => {
    const script = bridge.script({ nonce: '"><x' });
    expect(script).toMatch(/^<script nonce="&quot;&gt;&lt;x">window\.__CV__=\{.*\}<\/script>$/);
    const body = script.slice(script.indexOf('=', script.indexOf('__CV__')) + 1, -'</script>'.length);
    expect(body).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(data)));
  });

  it('writes attributes that nothing in the data can end', () => {
    const attribute = bridge.attribute();
    expect(attribute.match(/"/g)).toHaveLength(4);
    const [, variations, visitor] = /^data-cv-variations="([^"]*)" data-cv-visitor="([^"]*)"$/.exec(
      attribute,
    )!;
    expect(JSON.parse(unescaped(variations!))).toEqual(JSON.parse(JSON.stringify(data.variations)));
    expect(unescaped(visitor!)).toBe(hostile.toWellFormed());
    expect(bridge.meta()).not.toMatch(/<(?!meta )/);
  });

  it('is JSON where only the data is wanted', () => {
    expect(JSON.parse(bridge.json())).toEqual(JSON.parse(JSON.stringify(data)));
    expect(bridge.json()).not.toContain('<');
  });

  it('names no visitor who must not be identified', () => {
    const anonymous = createBridge(() => ({ variations: {} }));
    expect(anonymous.attribute()).toBe('data-cv-variations="{}"');
    expect(anonymous.script()).toBe('<script>window.__CV__={"variations":{}}</script>');
    expect(anonymous.meta()).toBe('<meta name="cv-variations" content="{}">');
  });

  it('reads the data when it writes, not before', () => {
    const variations: Record<string, string> = {};
    const late = createBridge(() => ({ variations }));
    variations.hero = 'b';
    expect(late.json()).toBe('{"variations":{"hero":"b"}}');
  });
});

describe('escaping', () => {
  it('loses nothing and lets nothing through, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(scriptJson(text)).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(scriptJson(text))).toBe(text);
        expect(attributeText(text)).not.toMatch(/[<>"'`]/);
        expect(unescaped(attributeText(text))).toBe(text.toWellFormed());
      }),
    );
  });

  it.each(['<', '>', '&', '"', "'", '`'])('of an attribute leaves no %s', (sign) => {
    expect(attributeText(`a${sign}b`)).not.toContain(sign === '&' ? 'a&b' : sign);
  });
});
