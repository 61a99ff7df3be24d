/** Reads opt-outs that a browser sends with each request (`Sec-GPC`, `DNT`), and Convert's own opt-out cookie. */
import { headerText, type IncomingRequest } from '../model/http.js';
import { cookieNamed } from '../request/cookies.js';
import { isCountry, isInEconomicArea, isInUnion } from '../request/geo/countries.js';
import type { ConsentAnswer, OptOut } from './answer.js';

/**
 * Which signals (`Sec-GPC: 1`, `DNT: 1`) count as a denial.
 * - `project`: the project's settings `global_privacy_control` and `do_not_track` decide, also in which countries
 * - `always`: both signals count, everywhere
 * - `never`: no signal counts
 */
export type PrivacySignals = 'project' | 'always' | 'never';

/** The facts that are needed to apply the project's settings for privacy signals. */
export interface SignalSite {
  /** Returns the settings of the project; undefined while there is no project config. */
  readonly settings: () => Readonly<Record<string, unknown>> | undefined;
  /** Returns the visitor's country, ISO 3166-1 alpha-2 in upper case; undefined if it is unknown. */
  readonly country: (request: IncomingRequest) => string | undefined;
  /** True if the option `geo` is given, so that an unknown country may be known at the next request. */
  readonly hasGeo: boolean;
}

/** Reads the opt-out of a request; undefined if the request carries none that counts. */
export type SignalReader = (request: IncomingRequest) => ConsentAnswer | undefined;

interface Signal {
  readonly by: OptOut;
  readonly header: string;
  readonly setting: string;
}

/** The signals, as https://www.w3.org/TR/gpc/ and https://www.w3.org/TR/tracking-dnt/ define them. */
const SIGNALS: readonly Signal[] = [
  { by: 'Sec-GPC', header: 'sec-gpc', setting: 'global_privacy_control' },
  { by: 'DNT', header: 'dnt', setting: 'do_not_track' },
];

/** The header value that means an opt-out. A header that is sent twice arrives as a list: `1, 1`. */
const SAID = /^1(?:, *1)*$/;

/**
 * Regions by the value that the project's setting has in Convert's API. Any other value, except `OFF`, counts as
 * `Worldwide`.
 */
const REGIONS: ReadonlyMap<unknown, (country: string) => boolean> = new Map([
  ['EU ONLY', isInUnion],
  ['EEA ONLY', isInEconomicArea],
]);

/**
 * The cookie that a site sets to offer its own opt-out. Convert's tracking script reads the cookie, and never sets it.
 */
const OPT_OUT_COOKIE = '_conv_prevent_tracking';
const NO_OPT_OUT: ReadonlySet<string> = new Set(['', '0', 'false']);
const OPTED_OUT: ConsentAnswer = Object.freeze({ answer: 'denied', by: OPT_OUT_COOKIE });

export function signalReader(option: PrivacySignals, site: SignalSite): SignalReader {
  const optOutIn = cookieNamed(OPT_OUT_COOKIE);
  const signals = (option === 'never' ? [] : SIGNALS).map(({ header, setting, by }) => ({
    header,
    meaning: option === 'always' ? () => 'denied' as const : bySetting(setting, site),
    answers: {
      denied: Object.freeze<ConsentAnswer>({ answer: 'denied', by }),
      provisional: Object.freeze<ConsentAnswer>({ answer: 'denied', by, provisional: true }),
      unknown: Object.freeze<ConsentAnswer>({ answer: 'unknown', by }),
    },
  }));
  return (request) => {
    const optOut = optOutIn(request);
    if (optOut !== undefined && !NO_OPT_OUT.has(optOut)) return OPTED_OUT;
    let provisional: ConsentAnswer | undefined;
    for (const { header, meaning, answers } of signals) {
      if (!SAID.test(headerText(request.headers[header]) ?? '')) continue;
      const said = meaning(request);
      if (said === 'provisional') provisional ??= answers[said];
      else if (said !== undefined) return answers[said];
    }
    return provisional;
  };
}

/**
 * The meaning of a signal for this visitor: a denial (`denied`); a denial until the visitor's country is known
 * (`provisional`); `unknown` until there is a project config; undefined if the signal does not count.
 */
type Meaning = 'denied' | 'provisional' | 'unknown' | undefined;

function bySetting(
  name: string,
  { settings, country, hasGeo }: SignalSite,
): (request: IncomingRequest) => Meaning {
  return (request) => {
    const known = settings();
    if (known === undefined) return 'unknown';
    const setting = known[name];
    if (!setting || setting === 'OFF') return undefined;
    const isWithin = REGIONS.get(setting);
    if (isWithin === undefined) return 'denied';
    const visitorCountry = country(request);
    // If the country is unknown, the visitor may be in the region, so the signal counts.
    if (visitorCountry === undefined || !isCountry(visitorCountry)) return hasGeo ? 'provisional' : 'denied';
    return isWithin(visitorCountry) ? 'denied' : undefined;
  };
}
