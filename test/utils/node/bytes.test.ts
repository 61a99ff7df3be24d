/** Texts as bytes: what Node's Buffer does, and what other platforms do in its place, is the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bytes, nodeBytes, textOf, utf8, webBytes } from '../../../src/utils/node/bytes.js';

/** Any text, also with halves of surrogate pairs. */
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string());
const anyBase64url = fc.stringMatching(/^[\w-]{0,40}$/);

const ofText = (bytes: Bytes, text: string) => [bytes.lengthOf(text), bytes.toBase64url(text)];

describe('bytes', () => {
  it('are the same with and without Buffer', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(ofText(webBytes, text)).toEqual(ofText(nodeBytes, text));
      }),
    );
  });

  it('are read from any base64url as Buffer reads it', () => {
    fc.assert(
      fc.property(anyBase64url, (text) => {
        expect([...webBytes.decode(text)]).toEqual([...nodeBytes.decode(text)]);
        expect(webBytes.fromBase64url(text)).toBe(nodeBytes.fromBase64url(text));
      }),
    );
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(webBytes.encode(bytes)).toBe(nodeBytes.encode(bytes));
        expect([...webBytes.decode(webBytes.encode(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it('keep a byte order mark', () => {
    expect(textOf(utf8('\uFEFFa'))).toBe('\uFEFFa');
  });
});
