/** Opt-outs that a browser sends with each request, and Convert's own opt-out cookie. */
import { headerText, type IncomingRequest } from '../model/http.js';
import { cookieNamed } from '../request/cookies.js';
import { isCountry, isInEconomicArea, isInUnion } from '../request/geo/countries.js';
import type { ConsentAnswer, OptOut } from './answer.js';

/**
 * Which signals (`Sec-GPC: 1`, `DNT: 1`) count as a denial.
 * - `project` those that the project's settings `global_privacy_control` and `do_not_track` say, where they say it
 * - `always` both, everywhere
 * - `never` none
 */
export type PrivacySignals = 'project' | 'always' | 'never';

/** What the project's settings need to be applied. */
export interface SignalSite {
  /** Settings of the project; undefined while there is no project config. */
  readonly settings: () => Readonly<Record<string, unknown>> | undefined;
  /** ISO 3166-1 alpha-2, in upper case; undefined where it is not known. */
  readonly country: (request: IncomingRequest) => string | undefined;
  /** True where somebody is asked for it, and may know it the next time. */
  readonly hasGeo: boolean;
}

/** undefined where the request carries no signal that counts. */
export type SignalReader = (request: IncomingRequest) => ConsentAnswer | undefined;

interface Signal {
  readonly by: OptOut;
  readonly header: string;
  readonly setting: string;
}

/** https://www.w3.org/TR/gpc/ and https://www.w3.org/TR/tracking-dnt/ */
const SIGNALS: readonly Signal[] = [
  { by: 'Sec-GPC', header: 'sec-gpc', setting: 'global_privacy_control' },
  { by: 'DNT', header: 'dnt', setting: 'do_not_track' },
];

/** Sent twice, it arrives as a list of both. */
const SAID = /^1(?:, *1)*$/;

/** By setting, as Convert's API writes them; any other one that is set counts as `Worldwide`. */
const REGIONS: ReadonlyMap<unknown, (country: string) => boolean> = new Map([
  ['EU ONLY', isInUnion],
  ['EEA ONLY', isInEconomicArea],
]);

/** Convert's tracking script reads it and never sets it: a site offers its own opt-out with it. */
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

/** What a signal means: nothing, a denial, one until the visitor's country is known, or that nobody can tell yet. */
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
    const place = country(request);
    // Where the visitor is not known to be elsewhere, the signal counts.
    if (place === undefined || !isCountry(place)) return hasGeo ? 'provisional' : 'denied';
    return isWithin(place) ? 'denied' : undefined;
  };
}
