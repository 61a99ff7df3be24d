import { describe, expect, it } from 'vitest';
import { scriptNonceIn } from '../../src/bridge/csp-nonce.js';

describe('the nonce in a Content-Security-Policy', () => {
  it.each<[string, string | readonly string[] | undefined, string | undefined]>([
    ['no header', undefined, undefined],
    ['no nonce', "script-src 'self'", undefined],
    ['one for scripts', "default-src 'self'; script-src 'self' 'nonce-aB3+/_-='", 'aB3+/_-='],
    ['one for styles beside it', "style-src 'nonce-s';script-src 'nonce-j'", 'j'],
    ['one for styles only', "style-src 'nonce-s'; script-src 'self'", undefined],
    ['one for everything', "default-src 'nonce-d'", 'd'],
    [
      'one for everything that does not count for scripts',
      "default-src 'nonce-d'; script-src 'self'",
      undefined,
    ],
    ['one for elements', "script-src 'nonce-j'; script-src-elem 'nonce-e'", 'e'],
    ['one for attributes, which have none', "script-src-attr 'nonce-a'", undefined],
    ['names in capitals, other spaces', "\tSCRIPT-SRC\t'self'  'NONCE-Up'", 'Up'],
    ['several headers', ["img-src 'self'", "script-src 'nonce-2'"], '2'],
    ['several policies in one header', "img-src 'self', script-src 'nonce-3'", '3'],
    ['of two directives, the first', "script-src 'nonce-1'; script-src 'nonce-2'", '1'],
    ['what is no nonce', `script-src 'nonce-"><x'`, undefined],
  ])('%s', (_name, header, nonce) => {
    expect(scriptNonceIn(header)).toBe(nonce);
  });
});
