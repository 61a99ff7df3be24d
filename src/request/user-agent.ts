/** User-Agent -> browser, system and device. Parsing costs 25 us and more, so what was parsed once is kept. */
import UAParser from 'ua-parser-js';
import {
  BROWSERS,
  DESKTOP_SYSTEMS,
  ENGINES,
  IN_APP,
  otherBrowser,
  otherSystem,
  systemName,
  type Browser,
  type BrowserCode,
} from './browsers.js';
import { atAGlance } from '../glance.js';
import { createCache } from './cache.js';
import { clip } from './text.js';

export type Device = 'desktop' | 'mobile' | 'tablet' | 'other';

export interface UserAgent {
  /** `chrome firefox safari edge opera ie mozilla netscape`, another browser's own name, or `other`; lower case. */
  readonly browser: string;
  readonly browserCode: BrowserCode;
  /** `major` or `major.minor` (`120`, `17.4`), so that rules can compare it as a number. */
  readonly browserVersion: string | undefined;
  /** `windows macos ios android linux chrome os`, another system's own name, or `other`; lower case. */
  readonly os: string;
  readonly device: Device;
  /** As Convert's reports name it. Frozen. */
  readonly deviceCodes: readonly string[];
}

/** What a rule or a report needs of longer ones stands in their first part. */
const MAX_LENGTH = 512;
const MAX_NAME = 64;

const codes = (...list: string[]): readonly string[] => Object.freeze(list);
const DESKTOP = codes('DESK');
const OTHER = codes('OTHDEV');
const IPHONE = codes('ALLPH', 'IPH');
const OTHER_PHONE = codes('ALLPH', 'OTHPH');
const IPAD = codes('ALLTAB', 'IPAD');
const OTHER_TABLET = codes('ALLTAB', 'OTHTAB');

const UNKNOWN: UserAgent = Object.freeze({
  browser: otherBrowser.name,
  browserCode: otherBrowser.code,
  browserVersion: undefined,
  os: otherSystem,
  device: 'other',
  deviceCodes: OTHER,
});

/** Reads user agents and keeps the `2 * limit` used last (default: 4,000; about 1 KB each). */
export function createUserAgentReader(
  limit = 2000,
  parse: (userAgent: string) => UserAgent = parseUserAgent,
): (header: string | undefined) => UserAgent {
  const known = createCache<UserAgent>(limit);
  const read = atAGlance((header) => {
    const text = clip(header, MAX_LENGTH);
    let userAgent = known.get(text);
    if (userAgent === undefined) {
      userAgent = parse(text);
      // A slice would keep the whole header in memory for as long as the cache holds it.
      known.set(header.length > MAX_LENGTH ? ` ${text}`.slice(1) : text, userAgent);
    }
    return userAgent;
  });
  return (header) => (header ? read(header) : UNKNOWN);
}

/** ua-parser-js takes 15 ms for a hostile user agent with this mark; it is read as the engine's browser anyway. */
const NAVER = /naver\(/gi;

/**
 * One parse. iPadOS asks for desktop pages as a Mac and cannot be told from one. In-app browsers count as the
 * browser of their engine; on iOS that is Safari in the version of the system.
 */
export function parseUserAgent(text: string): UserAgent {
  const parser = new UAParser(text.replace(NAVER, 'naver '));
  const system = parser.getOS();
  const os = system.name === undefined ? otherSystem : clip(systemName(system.name), MAX_NAME);
  const found = parser.getBrowser();
  const name = found.name?.toLowerCase();
  let browser: Browser;
  let version = found.version;
  if (name === undefined || IN_APP.has(name)) {
    const engine = parser.getEngine();
    browser = engineBrowser(engine.name, os);
    version = engine.name === 'WebKit' ? (os === 'ios' ? system.version : undefined) : engine.version;
  } else {
    browser = BROWSERS.get(name) ?? { name: clip(name, MAX_NAME), code: 'OTH' };
  }
  const { type, model } = parser.getDevice();
  const device = deviceOf(type, os);
  return Object.freeze({
    browser: browser.name,
    browserCode: browser.code,
    browserVersion: browser === otherBrowser ? undefined : shortVersion(version),
    os,
    device,
    deviceCodes: deviceCodesOf(device, model?.toLowerCase() ?? ''),
  });
}

function engineBrowser(engine: string | undefined, os: string): Browser {
  const browser = ENGINES.get(engine?.toLowerCase() ?? '') ?? otherBrowser;
  return engine === 'WebKit' && os !== 'ios' && os !== 'macos' ? otherBrowser : browser;
}

const VERSION = /^(\d{1,6})(?:[._](\d{1,6}))?/;

function shortVersion(version: string | undefined): string | undefined {
  const [, major, minor] = VERSION.exec(version ?? '') ?? [];
  return minor === undefined || Number(minor) === 0 ? major : `${major}.${minor}`;
}

function deviceOf(type: string | undefined, os: string): Device {
  if (type === 'mobile' || type === 'tablet') return type;
  return type === undefined && DESKTOP_SYSTEMS.has(os) ? 'desktop' : 'other';
}

function deviceCodesOf(device: Device, model: string): readonly string[] {
  switch (device) {
    case 'desktop':
      return DESKTOP;
    case 'mobile':
      return model.startsWith('iphone') ? IPHONE : OTHER_PHONE;
    case 'tablet':
      return model.startsWith('ipad') ? IPAD : OTHER_TABLET;
    case 'other':
      return OTHER;
  }
}
