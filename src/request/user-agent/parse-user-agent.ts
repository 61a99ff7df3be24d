/**
 * Parses the User-Agent header and client hints to browser, system and device. `parser.ts` loads this file, since
 * ua-parser-js takes long to load.
 */
import UAParser from 'ua-parser-js';
import { clip } from '../text-decoding.js';
import {
  type Browser,
  browserNamed,
  ENGINES,
  hintedBrowser,
  hintedSystem,
  IN_APP,
  MARKS,
  otherBrowser,
  otherSystem,
  systemName,
} from './browsers.js';
import { type ClientHints, NO_HINTS } from './client-hints.js';
import { withBrowser } from './facebook.js';
import { formOf, markedType, padAsMac } from './devices.js';
import type { UserAgent } from './user-agent.js';

export { isBotClient } from './bots.js';

const MAX_NAME = 64;

/**
 * A mark that makes ua-parser-js very slow on a hostile user agent, so it is replaced. Naver's app counts as the
 * browser of its engine anyway.
 */
const NAVER = /naver\(/gi;
/**
 * The number of characters of a user agent that are searched for the model of the device, which is at the start. The
 * search takes quadratic time.
 */
const DEVICE_LENGTH = 256;
/**
 * Chromium writes `Android 10; K` for every Android device; the model of the client hints, if any, replaces the `K`.
 */
const REDUCED = /(Android 10; )K(?=\))/;

const MOBILE = /\bMobile\b/;

/** The system OpenHarmony, which ua-parser-js overlooks, since other systems stand before it in the user agent. */
const OPEN_HARMONY = /\bOpenHarmony\b/;

/**
 * Parses one client. Parsing is slow: use the reader of `user-agent-cache`. Safari on an iPad that asks for desktop
 * pages looks like Safari on a Mac, and counts as that. In-app browsers count as the browser of their engine; on iOS
 * that is Safari in the version of the system, if the user agent tells it.
 */
export function parseUserAgent(given: string, hints = NO_HINTS, isBot = false): UserAgent {
  const text = withBrowser(given);
  const { model } = hints;
  const full = model === undefined ? text : text.replace(REDUCED, (_, start: string) => start + model);
  const readable = full.replace(NAVER, 'naver ');
  const parser = new UAParser(readable);
  const pad = padAsMac(text);
  const system = pad ? { name: 'iOS', version: undefined } : parser.getOS();
  const name = OPEN_HARMONY.test(text) ? 'OpenHarmony' : system.name;
  const told = name === undefined ? otherSystem : clip(systemName(name), MAX_NAME);
  const os = hintedSystem(told, hints.platform);
  const [browser, version] = browserOf(hints, toldBrowser(text, parser, os, system.version));
  const device = pad ?? new UAParser(clip(readable, DEVICE_LENGTH)).getDevice();
  const marked = markedType(`${text}; ${model ?? ''}`);
  const isKnown = marked !== undefined || (device.vendor !== undefined && isWhole(readable, device.model));
  const saysMobile = MOBILE.test(text);
  const form = formOf({ type: marked ?? device.type, model: device.model, isKnown, os, saysMobile }, hints);
  return Object.freeze({
    browser: browser.name,
    browserCode: browser.code,
    browserVersion: browser === otherBrowser ? undefined : shortVersion(version),
    os,
    device: isBot ? 'bot' : form.name,
    form: form.name,
    deviceCodes: form.codes,
  });
}

/**
 * False if the model is only a part of the model in the user agent. ua-parser-js finds Acer's tablet `A204` in Sony's
 * phone `A204SO`, and LG's tablet `LK110` in OnePlus's phone `PLK110`.
 */
function isWhole(text: string, model = ''): boolean {
  const at = text.indexOf(model);
  if (at < 0) return true;
  return !/\w/.test(text.charAt(at - 1)) && /^(?: Build|[);/]|$)/.test(text.slice(at + model.length));
}

type Found = readonly [browser: Browser, version: string | undefined];

/** Chooses between the browser of the hints and the one that the user agent has `told`. */
function browserOf(hints: ClientHints, told: Found): Found {
  const hinted = hintedBrowser(hints.brands.length > 0 ? hints.brands : hints.fullVersions);
  if (hinted === undefined) return told;
  const { browser, name, version, isEngine } = hinted;
  // `Chromium` alone, or an app's web view, says less than a user agent that names a browser.
  if (isEngine && told[0] !== otherBrowser) return told;
  const full = hints.fullVersions.find((each) => each.name === name)?.version;
  // Some browsers write Chromium's version into the full version list, so the major versions must be equal. The user
  // agent may have more digits than the brand.
  const longer = [full, told[0] === browser ? told[1] : undefined].find(
    (each) => each !== undefined && majorOf(each) === majorOf(version),
  );
  return [browser, longer ?? version];
}

const SAFARI = ENGINES.get('webkit')!;

function toldBrowser(text: string, parser: UAParser, os: string, systemVersion: string | undefined): Found {
  for (const [mark, browser] of MARKS) {
    const found = mark.exec(text);
    if (found !== null) return [browser, found[1]];
  }
  const found = parser.getBrowser();
  const name = found.name?.toLowerCase();
  const named = name === undefined || IN_APP.has(name) ? undefined : browserNamed(clip(name, MAX_NAME));
  if (named !== undefined && !(named === SAFARI && found.version === undefined))
    return [named, found.version];
  const engine = parser.getEngine();
  if (engine.name !== 'WebKit') {
    return [ENGINES.get(engine.name?.toLowerCase() ?? '') ?? otherBrowser, engine.version];
  }
  if (os === 'ios') return [SAFARI, safariVersion(text) ?? systemVersion];
  return os === 'macos' || named === SAFARI ? [SAFARI, safariVersion(text)] : [otherBrowser, undefined];
}

/**
 * Finds the version of Safari. Since iOS 26, each user agent names the system version 18.6 or 18.7; some apps add the
 * true version.
 */
const SAFARI_VERSION = /\bVersion\/(\d[\d.]*)|\bFBSV\/(\d[\d.]*)|; iOS (\d[\d_.]*)/;

function safariVersion(text: string): string | undefined {
  return SAFARI_VERSION.exec(text)
    ?.slice(1)
    .find((each) => each !== undefined);
}

const VERSION = /^(\d{1,6})(?:[._](\d{1,6}))?/;

function majorOf(version: string): string | undefined {
  return VERSION.exec(version)?.[1];
}

function shortVersion(version: string | undefined): string | undefined {
  const [, major, minor] = VERSION.exec(version ?? '') ?? [];
  return minor === undefined || Number(minor) === 0 ? major : `${major}.${minor}`;
}
