/** Writes the decisions of a request into the page: as scripts, attributes, meta tags or JSON. */
import { attributeOf, globalOf } from '../model/project-names.js';
import { asObject } from '../utils/objects.js';
import { dataLayerCode, ga4Code } from './analytics.js';
import { asciiJson, attributeText, scriptJson } from './escaping.js';
import { SIGNAL_PLACES } from './signal.js';
import { trackingScriptCode } from './tracking-script.js';
import type { PageData, PageDecision, PageSource } from './types.js';

/** The data that a page gets as JSON. */
export interface BridgeData {
  /** The id that decisions were made for; absent if the visitor must not be identified. */
  readonly visitorId?: string;
  /** Experience key -> variation key, for the experiences that were decided in this request. */
  readonly variations: Readonly<Record<string, string>>;
  /**
   * The keys of those experiences whose exposure the server counts: a browser SDK with the same visitor id must not
   * count it again. Empty if the visitor must not be identified. On a page of `share()`, those that are counted for all
   * who get the page.
   */
  readonly exposed: readonly string[];
}

/** Options of all scripts of the bridge. */
export interface ScriptOptions {
  /**
   * The nonce of the page's Content-Security-Policy. Default: the nonce for scripts in the header
   * `Content-Security-Policy` of the response, where helmet, @fastify/helmet and koa-helmet put it; if the header has
   * none, the script has none.
   */
  nonce?: string;
}

/** Options of `bridge.dataLayer()`. */
export interface DataLayerOptions extends ScriptOptions {
  /** The name of the array on `window`. Default `dataLayer`. */
  name?: string;
}

/** Options of `bridge.ga4()`. */
export interface Ga4Options extends ScriptOptions {
  /** True leaves out experiences to which the visitor was exposed by an earlier request. Default false. */
  firstExposureOnly?: boolean;
  /** The measurement id of the stream that gets the events, as `send_to` of `gtag`. Default: all of the page. */
  sendTo?: string;
}

/** Options of `bridge.trackingScript()`. */
export interface TrackingScriptOptions extends ScriptOptions {
  /**
   * True also has the tracking script run the experiences in `exposed` with the variations of the server. That works if
   * the server decides by the project of the tracking script. Default false.
   */
  decisions?: boolean;
}

/** Options of `bridge.signal()`. */
export interface SignalOptions {
  /**
   * True sets the cookie `cv_variations`, which scripts can read: `variations` of `BridgeData` as JSON,
   * percent-encoded. The browser keeps it until it is closed; its other attributes are those of the visitor cookie.
   * Default false.
   */
  cookie?: boolean;
  /** True sets the header `X-Convert-Variations`: `variations` of `BridgeData` as JSON, in ASCII. Default false. */
  header?: boolean;
}

/** Hands the decisions of a request to the page. */
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
  /**
   * Returns the data (`BridgeData`) as JSON, in ASCII. It is safe inside `<script type="application/json">`, and as the
   * value of a header that hands it on to the server that renders the page.
   */
  json(): string;
  /**
   * Returns a script that pushes one object for each experience in `exposed`, as Convert's integration with Google Tag
   * Manager does: `event: 'convert-trigger-experiment-{experience id}'`, `experiment_id`, `variation_name`,
   * `gadimension`. '' if there is no such experience, and without consent.
   */
  dataLayer(options?: DataLayerOptions): string;
  /**
   * Returns a script that sends one event for each experience in `exposed` to Google Analytics 4, as Convert's
   * integration does: `experience_impression`, with `exp_variant_string: 'CONV-{experience id}-{variation id}'`. ''
   * if there is no such experience, and without consent.
   */
  ga4(options?: Ga4Options): string;
  /**
   * Returns a script that names the visitor to Convert's tracking script (`identify`), so that both know the visitor by
   * one id. It must come before the tag of the tracking script. '' if the visitor must not be identified.
   */
  trackingScript(options?: TrackingScriptOptions): string;
  /**
   * Has the decisions that are made before the head is written put into a cookie or a header of the response, each of
   * at most 1024 characters, for clients that can read neither the page nor a loader. Nothing is written without
   * consent, in a preview, and if a shared cache may store the response. Call it before the head is sent.
   *
   * @example
   * ```js
   * req.convert.bridge.signal({ header: true }); // X-Convert-Variations: {"homepage-hero":"version-b"}
   * ```
   */
  signal(options: SignalOptions): void;
}

/** Makes a bridge. Each method reads the data anew, so that it writes the decisions up to then. */
export function createBridge(source: PageSource): Bridge {
  const scriptOf = (code: string, options: ScriptOptions | undefined): string => {
    const nonce = asObject(options).nonce ?? source.nonce();
    const attribute = nonce === undefined ? '' : ` nonce="${attributeText(String(nonce))}"`;
    return `<script${attribute}>${code}</script>`;
  };
  const name = (of: string): string => attributeOf(of, source.as);
  return {
    script(options) {
      const { variations, ...context } = bridgeData(source.read());
      const names = [globalOf('__CV__', source.as), globalOf('__CV_CONTEXT__', source.as)];
      const code = `window.${names[0]}=${scriptJson(variations)};window.${names[1]}=${scriptJson(context)}`;
      return scriptOf(code, options);
    },
    attribute() {
      const { visitorId, variations } = bridgeData(source.read());
      const visitor =
        visitorId === undefined ? '' : ` ${name('data-cv-visitor')}="${attributeText(visitorId)}"`;
      return `${name('data-cv-variations')}="${attributeText(JSON.stringify(variations))}"${visitor}`;
    },
    meta() {
      const { visitorId, variations } = bridgeData(source.read());
      const visitor =
        visitorId === undefined
          ? ''
          : `<meta name="${name('cv-visitor')}" content="${attributeText(visitorId)}">`;
      return `<meta name="${name('cv-variations')}" content="${attributeText(JSON.stringify(variations))}">${visitor}`;
    },
    json: () => asciiJson(scriptJson(bridgeData(source.read()))),
    dataLayer(options) {
      const { name = 'dataLayer' } = asObject(options);
      const exposed = exposedIn(source.read());
      return exposed.length === 0 ? '' : scriptOf(dataLayerCode(exposed, String(name)), options);
    },
    ga4(options) {
      const { firstExposureOnly = false, sendTo } = asObject(options);
      const exposed = exposedIn(source.read()).filter((each) => each.isFirstExposure || !firstExposureOnly);
      return exposed.length === 0 ? '' : scriptOf(ga4Code(exposed, sendTo), options);
    },
    trackingScript(options) {
      const data = source.read();
      if (data.visitorId === undefined) return '';
      const decisions = asObject(options).decisions === true ? exposedIn(data) : [];
      return scriptOf(trackingScriptCode(data.visitorId, decisions), options);
    },
    signal(options) {
      const given = asObject(options);
      source.signal(SIGNAL_PLACES.filter((place) => given[place] === true));
    },
  };
}

const exposedIn = ({ decisions }: PageData): readonly PageDecision[] =>
  decisions.filter(({ isExposed }) => isExposed);

function bridgeData(data: PageData): BridgeData {
  const { visitorId, decisions } = data;
  return {
    ...(visitorId !== undefined && { visitorId }),
    variations: variationsIn(decisions),
    exposed: exposedIn(data).map(({ experienceKey }) => experienceKey),
  };
}

/** The variation keys by experience key. */
export const variationsIn = (decisions: readonly PageDecision[]): Record<string, string> =>
  Object.fromEntries(decisions.map(({ experienceKey, variationKey }) => [experienceKey, variationKey]));
