/** What the tests of the bridge share: hostile text, decisions, and a browser's reading of a page. */
import { runInNewContext } from 'node:vm';
import type { PageData, PageDecision, PageSource } from '../../src/bridge/types.js';

export const HOSTILE = `</script><!--<script>]]>&"'\`\u2028\u2029\ud800\u0000`;

/** What a browser makes of an attribute value. */
export const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&#96;', '`')
    .replaceAll('&amp;', '&');

export const decision = (given: Partial<PageDecision> = {}): PageDecision => ({
  experienceKey: 'hero',
  experienceId: '101',
  variationKey: 'b',
  variationId: '1011',
  variationName: 'Version B',
  isExposed: true,
  isFirstExposure: true,
  ...given,
});

export const source = (data: Partial<PageData> = {}, nonce?: string): PageSource => ({
  read: () => ({ visitorId: 'v1', decisions: [decision()], ...data }),
  nonce: () => nonce,
  signal: () => undefined,
});

/** The code of a script tag that the bridge has written; fails if it is not one whole tag. */
export function codeIn(script: string): string {
  const [, code] = /^<script(?: nonce="[^"]*")?>([^<>]*)<\/script>$/.exec(script) ?? [];
  if (code === undefined) throw new Error(`no script: ${script}`);
  return code;
}

/** Runs the code of scripts in a page with these globals, and returns the globals. */
export function run(globals: Record<string, unknown>, ...scripts: string[]): Record<string, unknown> {
  const page: Record<string, unknown> = { ...globals };
  page.window = page;
  for (const script of scripts) runInNewContext(codeIn(script), page);
  return page;
}
