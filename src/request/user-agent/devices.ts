/** Finds the kind of device, desktop, mobile, tablet or other, and its codes in Convert's reports. */
import { DESKTOP_SYSTEMS } from './browsers.js';
import type { ClientHints } from './client-hints.js';

export type FormFactor = 'desktop' | 'mobile' | 'tablet' | 'other';

export interface Form {
  readonly name: FormFactor;
  /** The codes in Convert's reports. Frozen. */
  readonly codes: readonly string[];
}

const form = (name: FormFactor, ...codes: string[]): Form => ({ name, codes: Object.freeze(codes) });

const FORMS = {
  desktop: form('desktop', 'DESK'),
  iphone: form('mobile', 'ALLPH', 'IPH'),
  mobile: form('mobile', 'ALLPH', 'OTHPH'),
  ipad: form('tablet', 'ALLTAB', 'IPAD'),
  tablet: form('tablet', 'ALLTAB', 'OTHTAB'),
  /** Televisions, consoles, watches, headsets, cars, and devices of which nothing is known. */
  other: form('other', 'OTHDEV'),
};

/** The device that a user agent names. */
export interface Hardware {
  /** A type of ua-parser-js, `mobile tablet smarttv console wearable embedded`, or `desktop` (from `MARKS`). */
  readonly type: string | undefined;
  readonly model: string | undefined;
  /**
   * True if an entry of `MARKS` or a known model tells the type. If not, the type `tablet` of an Android device may
   * mean no more than that its user agent does not say `Mobile`, or that a phone's model begins or ends like a
   * tablet's.
   */
  readonly isKnown: boolean;
  /** The system, as `systemName` writes it. */
  readonly os: string;
  /** True if the user agent has the word `Mobile`. */
  readonly saysMobile: boolean;
}

/**
 * Only an iPad that asks for desktop pages (rarely an iPhone) has both `Macintosh` and one of the other words in its
 * user agent.
 */
const PAD_AS_MAC = /\(Macintosh;.*(?:\bMobile\/|\b(?:CriOS|EdgiOS|FxiOS|GSA)\/)/;
const PAD = { type: 'tablet', model: 'iPad', vendor: 'Apple' };

/**
 * Returns the hardware of an iPad that asks for desktop pages as a Mac; undefined if the user agent is not such an
 * iPad's.
 */
export const padAsMac = (userAgent: string): typeof PAD | undefined =>
  PAD_AS_MAC.test(userAgent) ? PAD : undefined;

/** Devices that ua-parser-js 1.x does not know, or takes for others. */
const MARKS: readonly [mark: RegExp, type: string][] = [
  // Televisions: Yandex, LG and others, Vewd, YouTube, Google.
  [/\bTV\b|\bSmartTV\b|\bOMI\/\d|\bCobalt\/|\bChromecast\b/, 'smarttv'],
  // Opera Mini: Opera's servers fetch the page for a phone, which the user agent may not name.
  [/^Opera\/[\d.]+ \((?!iPad)[^)]*\bOpera Mini\//, 'mobile'],
  [/\bXbox\b/, 'console'],
  // Television boxes and cars whose user agents have only a model.
  [/\bMIBOX|\bonn\. 4K\b/, 'smarttv'],
  [/\bgminfo|\bPolestar\b|\bVolvo Car\b/, 'embedded'],
  [/\(PC; OpenHarmony/, 'desktop'],
  // Tablets of Huawei and Honor, of Vivo, and the word that Yandex adds for any tablet.
  [/Android.*; (?:\w{3}\d?-A?W\d\d|i?PA2\d{3})\b|\/apad\b/, 'tablet'],
];

/**
 * Returns the type of the first entry of `MARKS` that is in the user agent or in the model; undefined if there is none.
 */
export function markedType(text: string): string | undefined {
  return MARKS.find(([mark]) => mark.test(text))?.[1];
}

/** Apple's devices by the start of their model. An `iPod touch` counts as an iPhone. */
const APPLE: readonly [start: string, form: Form][] = [
  ['iphone', FORMS.iphone],
  ['ipod', FORMS.iphone],
  ['ipad', FORMS.ipad],
];

export function formOf(hardware: Hardware, hints: ClientHints): Form {
  const name = nameOf(hardware, hints);
  const model = hardware.model?.toLowerCase() ?? '';
  return APPLE.find(([start, { name: its }]) => its === name && model.startsWith(start))?.[1] ?? FORMS[name];
}

/** Form factors of the client hint, the strongest first: a headset that calls itself a phone, too, is a headset. */
const FACTORS: readonly [factor: string, name: FormFactor][] = [
  ['Watch', 'other'],
  ['XR', 'other'],
  ['Automotive', 'other'],
  ['Tablet', 'tablet'],
  ['Mobile', 'mobile'],
  ['EInk', 'tablet'],
];

/**
 * Finds the form of a device from the user agent and the hints. `mobile` is true if the browser prefers pages for
 * phones. Small tablets and television boxes prefer such pages too, so a type that is known goes first. If `mobile` is
 * false, an Android device counts as a tablet, unless the user agent names a type other than `mobile`.
 */
function nameOf(
  { type, isKnown, os, saysMobile }: Hardware,
  { mobile, formFactors }: ClientHints,
): FormFactor {
  const factor = FACTORS.find(([each]) => formFactors.includes(each));
  if (factor !== undefined) return factor[1];
  if (type === 'tablet' && (mobile === true || (saysMobile && os === 'android')) && !isKnown) return 'mobile';
  if (type === 'tablet' || type === 'desktop') return type;
  if (type !== undefined && type !== 'mobile') return 'other';
  if (mobile === true) return 'mobile';
  if (mobile === false && os === 'android') return 'tablet';
  if (type === 'mobile' && !(mobile === false && DESKTOP_SYSTEMS.has(os))) return 'mobile';
  return DESKTOP_SYSTEMS.has(os) ? 'desktop' : 'other';
}
