/** The bridge: the decisions of this request, and the visitor id, written into the page for scripts to read. */
import { attributeText, scriptJson } from './escape.js';

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
