/** Writes the decisions of a request into the page: as a script, attributes, meta tags or JSON. */
import { asObject } from '../utils/objects.js';

/** The data that a page gets. */
export interface BridgeData {
  /** The id that decisions were made for; absent if the visitor must not be identified. */
  readonly visitorId?: string;
  /** Experience key -> variation key, for the experiences that were decided in this request. */
  readonly variations: Readonly<Record<string, string>>;
}

export interface Bridge {
  /** Returns `<script>window.__CV__={...}</script>`, with a `nonce` for a Content-Security-Policy. */
  script(options?: { nonce?: string }): string;
  /** Returns `data-cv-variations="..." data-cv-visitor="..."`, for the root element. */
  attribute(): string;
  /** Returns `<meta name="cv-variations" content="...">`, and a second meta tag `cv-visitor` for the visitor id. */
  meta(): string;
  /** Returns the data as JSON, which is safe inside `<script type="application/json">` too. */
  json(): string;
}

/** Makes a bridge. Each method calls `read` anew, so that it writes the decisions up to then. */
export function createBridge(read: () => BridgeData): Bridge {
  return {
    script(options) {
      const { nonce } = asObject(options);
      const attribute = nonce === undefined ? '' : ` nonce="${attributeText(String(nonce))}"`;
      return `<script${attribute}>window.__CV__=${scriptJson(read())}</script>`;
    },
    attribute() {
      const { visitorId, variations } = read();
      const visitor = visitorId === undefined ? '' : ` data-cv-visitor="${attributeText(visitorId)}"`;
      return `data-cv-variations="${attributeText(JSON.stringify(variations))}"${visitor}`;
    },
    meta() {
      const { visitorId, variations } = read();
      const visitor =
        visitorId === undefined ? '' : `<meta name="cv-visitor" content="${attributeText(visitorId)}">`;
      return `<meta name="cv-variations" content="${attributeText(JSON.stringify(variations))}">${visitor}`;
    },
    json: () => scriptJson(read()),
  };
}

const IN_SCRIPT: Readonly<Record<string, string>> = {
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * Writes JSON that is also safe inside `<script>`: it has no `</script>`, `<!--` or `]]>`, and none of the line
 * separators that end a line in older JavaScript. `JSON.stringify` writes lone surrogates as escapes.
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => IN_SCRIPT[character] ?? character,
  );
}

const IN_ATTRIBUTE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Escapes a text for the value of an attribute, in double or single quotes. */
export function attributeText(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`]/g, (character) => IN_ATTRIBUTE[character] ?? character);
}
