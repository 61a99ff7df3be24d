/** Tables: what ua-parser-js calls browsers, engines and systems, in our words and in Convert's codes. */

export type BrowserCode = 'IE' | 'CH' | 'FF' | 'OP' | 'SF' | 'EDG' | 'MO' | 'NS' | 'OTH';

export interface Browser {
  /** In lower case. */
  readonly name: string;
  /** As Convert's reports name it. */
  readonly code: BrowserCode;
}

const chrome: Browser = { name: 'chrome', code: 'CH' };
const firefox: Browser = { name: 'firefox', code: 'FF' };
const safari: Browser = { name: 'safari', code: 'SF' };
const edge: Browser = { name: 'edge', code: 'EDG' };
const opera: Browser = { name: 'opera', code: 'OP' };
const ie: Browser = { name: 'ie', code: 'IE' };
export const otherBrowser: Browser = { name: 'other', code: 'OTH' };

/** By ua-parser-js's name in lower case. A browser that is not here keeps its name and has the code OTH. */
export const BROWSERS: ReadonlyMap<string, Browser> = new Map([
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
]);

/**
 * Apps with a browser inside, and names that say no more than the engine: they count as the engine's browser, with
 * the engine's version, because pages behave in them as they do there.
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

/** By ua-parser-js's engine name in lower case. WebKit stands for Safari on Apple's systems only. */
export const ENGINES: ReadonlyMap<string, Browser> = new Map([
  ['blink', chrome],
  ['edgehtml', edge],
  ['gecko', firefox],
  ['presto', opera],
  ['trident', ie],
  ['webkit', safari],
]);

export const otherSystem = 'other';

/** By ua-parser-js's name in lower case. A system that is not here keeps its name. */
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

/** `windows macos ios android linux chrome os` ..., as Convert writes them where Convert has a word. */
export function systemName(name: string): string {
  const lower = name.toLowerCase();
  return LINUXES.has(lower) ? 'linux' : (SYSTEM_ALIASES.get(lower) ?? lower);
}

/** Systems that stand on a desk when nothing says otherwise. */
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
