import type { ConvertContext } from '../../src/context/types.js';

export function page(context: ConvertContext, nonce: string | undefined): string {
  const { bridge } = context;
  const given = nonce === undefined ? {} : { nonce };
  return (
    `<!doctype html><html ${bridge.attribute()}><head>${bridge.meta()}${bridge.script(given)}</head>` +
    `<body><script type="application/json">${bridge.json()}</script>` +
    `${context.previewMark(given)}${context.hiddenField()}</body></html>`
  );
}

const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  html: ['data-cv-variations', 'data-cv-visitor'],
  head: [],
  meta: ['name', 'content'],
  script: ['nonce', 'type'],
  body: [],
  style: ['nonce'],
  div: ['class', 'role'],
  a: ['href'],
  input: ['type', 'name', 'value'],
};
/**
 * As `page` writes them; the second meta is there where the visitor may be identified, the mark in a preview, and the
 * hidden field where the visitor may be carried.
 */
const ELEMENTS =
  /^html head meta (?:meta )?script \/script \/head body script \/script (?:(?:style \/style )?div a \/a \/div )?(?:input )?\/body \/html $/;

/** By the tokenizer of the HTML standard as far as such a page needs it: undefined, or what is wrong. */
export function wrongWithPage(html: string): string | undefined {
  const start = '<!doctype html>';
  if (!html.startsWith(start)) return 'no doctype';
  let at = start.length;
  let elements = '';
  while (at < html.length) {
    const tag = /<(\/?[a-z]+)((?: [a-z-]+="[^"]*")*) ?>/y;
    tag.lastIndex = at;
    const [whole, name = '', attributes = ''] = tag.exec(html) ?? [];
    if (whole === undefined) return `no tag at ${at}: ${JSON.stringify(html.slice(at, at + 80))}`;
    at += whole.length;
    elements += `${name} `;
    for (const [, attribute = '', value = ''] of attributes.matchAll(/ ([a-z-]+)="([^"]*)"/g)) {
      if (!ATTRIBUTES[name]?.includes(attribute)) return `<${name}> has ${attribute}`;
      if (/[<>`']/.test(value)) return `${attribute} holds ${JSON.stringify(value)}`;
    }
    if (name !== 'script') {
      const [text = ''] = /^[^<]*/.exec(html.slice(at)) ?? [];
      if (/[>"'`]/.test(text)) return `a text holds ${JSON.stringify(text)}`;
      at += text.length;
      continue;
    }
    const end = html.indexOf('</script', at);
    const text = html.slice(at, end);
    if (/[<>&\u2028\u2029]/.test(text)) return `a script holds ${JSON.stringify(text)}`;
    if (!isOurs(text)) return 'the data of a script are not ours';
    at = end;
  }
  return ELEMENTS.test(elements) ? undefined : `elements: ${elements}`;
}

/** True for the code of `bridge.script()`, and for what `bridge.json()` writes. */
function isOurs(text: string): boolean {
  const [, variations = '', context = ''] =
    /^window\.__CV__=(.*);window\.__CV_CONTEXT__=(.*)$/.exec(text) ?? [];
  const data = (
    variations === ''
      ? JSON.parse(text)
      : { variations: JSON.parse(variations) as unknown, ...(JSON.parse(context) as object) }
  ) as { variations?: unknown; exposed?: unknown };
  return typeof data.variations === 'object' && Array.isArray(data.exposed);
}
