/** Writes the decisions of a request into the page: as a script, attributes, meta tags or JSON. */
import { asObject } from '../utils/objects.js';
import { attributeText, scriptJson } from './escaping.js';
import type { PageData, PageDecision, PageSource } from './types.js';

/** The data that a page gets as JSON. */
export interface BridgeData {
  /** The id that decisions were made for; absent if the visitor must not be identified. */
  readonly visitorId?: string;
  /** Experience key -> variation key, for the experiences that were decided in this request. */
  readonly variations: Readonly<Record<string, string>>;
  /**
   * The keys of those experiences whose exposure the server counts: a browser SDK with the same visitor id must not
   * count it again. Empty if the visitor must not be identified.
   */
  readonly exposed: readonly string[];
}

export interface ScriptOptions {
  /**
   * The nonce of the page's Content-Security-Policy. Default: the nonce for scripts in the header
   * `Content-Security-Policy` of the response, where helmet, @fastify/helmet and koa-helmet put it; if the header has
   * none, the script has none.
   */
  nonce?: string;
}

export interface Bridge {
  /**
   * Returns a script that sets `window.__CV__`, the variations by experience key, and `window.__CV_CONTEXT__`, an
   * object with `visitorId` (absent if the visitor must not be identified) and `exposed` (see `BridgeData`).
   *
   * @example
   * ```html
   * <script>window.__CV__={"homepage-hero":"version-b"};window.__CV_CONTEXT__={"exposed":["homepage-hero"]}</script>
   * ```
   */
  script(options?: ScriptOptions): string;
  /** Returns `data-cv-variations="..." data-cv-visitor="..."`, for the root element. */
  attribute(): string;
  /** Returns `<meta name="cv-variations" content="...">`, and a second meta tag `cv-visitor` for the visitor id. */
  meta(): string;
  /** Returns the data (`BridgeData`) as JSON, which is safe inside `<script type="application/json">` too. */
  json(): string;
}

/** Makes a bridge. Each method reads the data anew, so that it writes the decisions up to then. */
export function createBridge(source: PageSource): Bridge {
  const scriptOf = (code: string, options: ScriptOptions | undefined): string => {
    const nonce = asObject(options).nonce ?? source.nonce();
    const attribute = nonce === undefined ? '' : ` nonce="${attributeText(String(nonce))}"`;
    return `<script${attribute}>${code}</script>`;
  };
  return {
    script(options) {
      const { variations, ...context } = bridgeData(source.read());
      const code = `window.__CV__=${scriptJson(variations)};window.__CV_CONTEXT__=${scriptJson(context)}`;
      return scriptOf(code, options);
    },
    attribute() {
      const { visitorId, variations } = bridgeData(source.read());
      const visitor = visitorId === undefined ? '' : ` data-cv-visitor="${attributeText(visitorId)}"`;
      return `data-cv-variations="${attributeText(JSON.stringify(variations))}"${visitor}`;
    },
    meta() {
      const { visitorId, variations } = bridgeData(source.read());
      const visitor =
        visitorId === undefined ? '' : `<meta name="cv-visitor" content="${attributeText(visitorId)}">`;
      return `<meta name="cv-variations" content="${attributeText(JSON.stringify(variations))}">${visitor}`;
    },
    json: () => scriptJson(bridgeData(source.read())),
  };
}

function bridgeData({ visitorId, decisions }: PageData): BridgeData {
  return {
    ...(visitorId !== undefined && { visitorId }),
    variations: variationsIn(decisions),
    exposed: decisions.flatMap(({ isExposed, experienceKey }) => (isExposed ? [experienceKey] : [])),
  };
}

/** The variation keys by experience key. */
export const variationsIn = (decisions: readonly PageDecision[]): Record<string, string> =>
  Object.fromEntries(decisions.map(({ experienceKey, variationKey }) => [experienceKey, variationKey]));
