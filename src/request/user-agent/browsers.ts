/**
 * Tables that translate the names of browsers, engines and systems in ua-parser-js and in client hints to the names
 * that rules use and to the codes of Convert's reports.
 */
import { clip } from '../text-decoding.js';
import type { Brand } from './client-hints.js';

export type BrowserCode = 'IE' | 'CH' | 'FF' | 'OP' | 'SF' | 'EDG' | 'MO' | 'NS' | 'OTH';

export interface Browser {
  /** The name for rules, in lower case. */
  readonly name: string;
  /** The code in Convert's reports. */
  readonly code: BrowserCode;
}

const chrome: Browser = { name: 'chrome', code: 'CH' };
const firefox: Browser = { name: 'firefox', code: 'FF' };
const safari: Browser = { name: 'safari', code: 'SF' };
const edge: Browser = { name: 'edge', code: 'EDG' };
const opera: Browser = { name: 'opera', code: 'OP' };
const ie: Browser = { name: 'ie', code: 'IE' };
export const otherBrowser: Browser = { name: 'other', code: 'OTH' };

const other = (name: string): Browser => ({ name, code: 'OTH' });

/**
 * Browsers by the name of ua-parser-js, or by the brand in `Sec-CH-UA`, in lower case. A browser that is not in the
 * table keeps its name and has the code OTH.
 */
const BROWSERS: ReadonlyMap<string, Browser> = new Map([
  ['chrome', chrome],
  ['chrome headless', chrome],
  ['chromium', chrome],
  ['edge', edge],
  ['fennec', firefox],
  ['firefox', firefox],
  ['firefox focus', firefox],
  ['firefox reality', firefox],
  ['klar', firefox],
  ['ie', ie],
  ['iemobile', ie],
  ['mobile safari', safari],
  ['safari', safari],
  ['mozilla', { name: 'mozilla', code: 'MO' }],
  ['netscape', { name: 'netscape', code: 'NS' }],
  ['opera', opera],
  ['opera coast', opera],
  ['opera gx', opera],
  ['opera mini', opera],
  ['opera mobi', opera],
  ['opera mobile', opera],
  ['opera tablet', opera],
  ['opera touch', opera],
  // Brands in `Sec-CH-UA`.
  ['google chrome', chrome],
  ['headlesschrome', chrome],
  ['microsoft edge', edge],
  ['microsoft edge webview2', edge],
  ['opera air', opera],
  ['opera crypto', opera],
  ['operamobile', opera],
  ['amazon silk', other('silk')],
  ['avastsecurebrowser', other('avast secure browser')],
  ['brave', other('brave')],
  ['brave browser', other('brave')],
  ['coccoc', other('coc coc')],
  ['duckduckgo', other('duckduckgo')],
  ['huaweibrowser', other('huawei browser')],
  ['miui browser', other('miui browser')],
  ['naver whale', other('whale')],
  ['oculus browser', other('oculus browser')],
  ['samsung internet', other('samsung internet')],
  ['vivaldi', other('vivaldi')],
  ['whale', other('whale')],
  ['yabrowser', other('yandex')],
  ['yandex', other('yandex')],
  ['yandexbrowser', other('yandex')],
]);

export function browserNamed(name: string): Browser {
  const lower = name.toLowerCase();
  return BROWSERS.get(lower) ?? { name: lower, code: 'OTH' };
}

/** Browsers that ua-parser-js 1.x does not know, or takes for others. The first group of a pattern is the version. */
export const MARKS: readonly [mark: RegExp, browser: Browser][] = [
  // Brave names itself on iOS only; elsewhere it says that it is Chrome.
  [/Version\/([\d.]+).* Brave$/, browserNamed('brave')],
  [/\(Ecosia \w+@([\d.]+)/, browserNamed('ecosia')],
  // Facebook's apps on Android, if they name no browser: their pages are shown by Chrome's WebView.
  [
    /^Mozilla\/5\.0 \(Linux;[^)]*\) AppleWebKit\/[\d.]+ \(KHTML, like Gecko\)(?: Mobile)? Safari\/[\d.]+ \[FBAN\//,
    chrome,
  ],
  [/\bHiBrowser\/v?([\d.]+)/, browserNamed('hibrowser')],
  [/\bqutebrowser\/([\d.]+)/, browserNamed('qutebrowser')],
];

export interface HintedBrowser {
  readonly browser: Browser;
  /** The name of the brand, as the browser spells it. */
  readonly name: string;
  readonly version: string;
  /** True if the brand names the engine, and no browser. */
  readonly isEngine: boolean;
}

/** Brands that name the engine, and no browser. */
const ENGINE_BRANDS: ReadonlySet<string> = new Set(['chromium', 'android webview']);
/** Brands that other browsers send beside a brand of their own. */
const SHARED_BRANDS: ReadonlySet<string> = new Set(['google chrome', 'opera']);
const MAX_NAME = 64;

/**
 * Finds the browser among the brands of a client. The brand with the highest rank wins: a brand in `BROWSERS` that is
 * not shared, then a shared brand, then an unknown brand, then a brand of the engine.
 */
export function hintedBrowser(brands: readonly Brand[]): HintedBrowser | undefined {
  let best: HintedBrowser | undefined;
  let rank = -1;
  for (const { name, version } of brands) {
    const lower = name.toLowerCase();
    const isEngine = ENGINE_BRANDS.has(lower);
    const known = isEngine ? chrome : BROWSERS.get(lower);
    const its = isEngine ? 0 : known === undefined ? 1 : SHARED_BRANDS.has(lower) ? 2 : 3;
    if (its <= rank) continue;
    rank = its;
    best = { browser: known ?? browserNamed(clip(lower, MAX_NAME)), name, version, isEngine };
  }
  return best;
}

/**
 * Names of ua-parser-js for apps with a browser inside, and names that say no more than the engine. They count as the
 * browser of their engine, because pages behave in them as in that browser.
 */
export const IN_APP: ReadonlySet<string> = new Set([
  'alipay',
  'chrome webview',
  'daum',
  'electron',
  'facebook',
  'gsa',
  'instagram',
  'kakaostory',
  'kakaotalk',
  'khtml',
  'klarna',
  'line',
  'linkedin',
  'naver',
  'snapchat',
  'tiktok',
  'twitter',
  'webkit',
  'wechat',
  'weibo',
]);

/** Browsers by the engine's name of ua-parser-js in lower case. WebKit means Safari on Apple's systems only. */
export const ENGINES: ReadonlyMap<string, Browser> = new Map([
  ['blink', chrome],
  ['edgehtml', edge],
  ['gecko', firefox],
  ['presto', opera],
  ['trident', ie],
  ['webkit', safari],
]);

export const otherSystem = 'other';

/** Systems by the name of ua-parser-js in lower case. A system that is not in the table keeps its name. */
const SYSTEM_ALIASES: ReadonlyMap<string, string> = new Map([
  ['android-x86', 'android'],
  ['chromium os', 'chrome os'],
  ['cros', 'chrome os'],
  ['mac os', 'macos'],
  ['windows mobile', 'windows phone'],
  ['windows phone os', 'windows phone'],
]);

const LINUXES: ReadonlySet<string> = new Set([
  'arch',
  'centos',
  'debian',
  'deepin',
  'elementary os',
  'fedora',
  'gentoo',
  'gnu',
  'kubuntu',
  'linpus',
  'linspire',
  'linux',
  'lubuntu',
  'mageia',
  'mandriva',
  'manjaro',
  'mint',
  'opensuse',
  'pclinuxos',
  'raspbian',
  'red hat',
  'redhat',
  'sabayon',
  'slackware',
  'suse',
  'ubuntu',
  'vectorlinux',
  'xubuntu',
  'zenwalk',
]);

/**
 * Returns the name of a system for rules, such as `windows`, `macos`, `ios`, `android`, `linux` or `chrome os`:
 * Convert's name for the system, if it has one.
 */
export function systemName(name: string): string {
  const lower = name.toLowerCase();
  return LINUXES.has(lower) ? 'linux' : (SYSTEM_ALIASES.get(lower) ?? lower);
}

/**
 * Systems that client hints can name. If the user agent names another system, it is more exact: hints call Tizen on a
 * television Linux, and an Xbox Windows.
 */
const GENERIC_SYSTEMS: ReadonlySet<string> = new Set([
  otherSystem,
  'android',
  'chrome os',
  'ios',
  'linux',
  'macos',
  'windows',
]);

/** Returns the system that the platform hint names, unless the user agent has `told` one that hints cannot name. */
export function hintedSystem(told: string, platform: string | undefined): string {
  return platform === undefined || !GENERIC_SYSTEMS.has(told) ? told : systemName(platform);
}

/** Systems that make a device a desktop, if nothing else is known of it. */
export const DESKTOP_SYSTEMS: ReadonlySet<string> = new Set([
  'aix',
  'chrome os',
  'dragonfly',
  'freebsd',
  'ghostbsd',
  'haiku',
  'hurd',
  'linux',
  'macos',
  'netbsd',
  'openbsd',
  'opensolaris',
  'pc-bsd',
  'serenityos',
  'solaris',
  'unix',
  'windows',
]);
