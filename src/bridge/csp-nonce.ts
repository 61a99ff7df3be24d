/** Finds the nonce with which a Content-Security-Policy allows inline scripts. */

/** The directives that inline scripts follow: the first of them that a policy has (CSP Level 3, 6.8.3). */
const DIRECTIVES = ['script-src-elem', 'script-src', 'default-src'];

/** The nonce in a list of sources (CSP Level 3, 2.3.1). */
const NONCE = /'nonce-([\w+/-]+={0,2})'/i;

/**
 * Returns the nonce for inline scripts in the value of a header `Content-Security-Policy`; undefined if there is none.
 * A header may hold several policies, separated by commas: the first one with a nonce counts, since a script has one
 * nonce only.
 */
export function scriptNonceIn(header: string | number | readonly string[] | undefined): string | undefined {
  for (const policy of String(header ?? '').split(',')) {
    const directives = policy.split(';').map((each) => each.trim());
    const sources = DIRECTIVES.flatMap((name) => directives.find((each) => nameOf(each) === name) ?? []);
    const nonce = NONCE.exec(sources[0] ?? '')?.[1];
    if (nonce !== undefined) return nonce;
  }
  return undefined;
}

/** The name of a directive, which stands before its values. */
const nameOf = (directive: string): string => /^\S*/.exec(directive)?.[0].toLowerCase() ?? '';
