/** What a page is told. */
export interface BridgeData {
  /** The id that decisions were made for; absent where the visitor must not be identified. */
  readonly visitorId?: string;
  /** Experience key -> variation key, for what was decided in this request. */
  readonly variations: Readonly<Record<string, string>>;
}

export interface Bridge {
  /** `<script>window.__CV__={...}</script>`, with a `nonce` for a Content-Security-Policy. */
  script(options?: { nonce?: string }): string;
  /** `data-cv-variations="..." data-cv-visitor="..."`, for the root element. */
  attribute(): string;
  /** `<meta name="cv-variations" content="...">` and one for the visitor id. */
  meta(): string;
  /** The data as JSON, safe inside `<script type="application/json">` too. */
  json(): string;
}

/** A bridge over data that is read when something is written. */
export function createBridge(read: () => BridgeData): Bridge {
  return {
    script({ nonce } = {}) {
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

/** Escaping for what we write into a page: one function for JSON inside a script, one for attribute values. */

const IN_SCRIPT: Readonly<Record<string, string>> = {
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * JSON that is also safe inside `<script>`: no `</script>`, `<!--` or `]]>` can appear, nor the line separators that
 * older JavaScript takes for line ends. Lone surrogates come out as escapes (JSON.stringify does that).
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

/** Text that is safe in an attribute value, between double or single quotes. */
export function attributeText(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`]/g, (character) => IN_ATTRIBUTE[character] ?? character);
}
