import { describe, expect, it } from 'vitest';
import { previewMark } from '../../src/bridge/preview-mark.js';

const SHOWN = {
  variations: { 'homepage-hero': 'version-b', checkout: 'short' },
  isExpired: false,
  exit: '/?a=1',
  before: 0,
};

describe('the mark of a preview', () => {
  it('says what is shown, and leads out', () => {
    expect(previewMark(SHOWN)).toBe(
      '<div class="cv-preview" role="status">Preview: homepage-hero = version-b, checkout = short. ' +
        '<a href="/?a=1">Leave the preview</a></div>',
    );
    expect(previewMark({ ...SHOWN, variations: {} })).toContain('Preview: no such variation.');
    expect(previewMark({ ...SHOWN, isExpired: true })).toContain('This preview link has expired.');
  });

  it('has a style only with a nonce, and never a script or an attribute with a style', () => {
    expect(previewMark(SHOWN, { nonce: 'abc' })).toMatch(/^<style nonce="abc">[^<]+<\/style><div /);
    for (const html of [previewMark(SHOWN), previewMark(SHOWN, { nonce: 'abc' })])
      expect(html).not.toMatch(/<script|style=|\son\w+=/);
    expect(previewMark(SHOWN, null as never)).not.toContain('<style');
  });

  it('lets nothing out of hostile keys, URLs and nonces', () => {
    const hostile = `"><script>alert('x')</script>`;
    const html = previewMark(
      { variations: { [hostile]: hostile }, isExpired: false, exit: hostile, before: 0 },
      { nonce: hostile },
    );
    expect(html.match(/</g)).toHaveLength(6);
    expect(html).not.toContain('<script');
    expect(html.match(/"/g)).toHaveLength(8);
  });
});
