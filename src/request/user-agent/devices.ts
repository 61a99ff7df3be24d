/** What a client is held in: the one table of the words of rules and of the codes of Convert's reports. */
import { DESKTOP_SYSTEMS } from './browsers.js';
import type { ClientHints } from './client-hints.js';

export type FormFactor = 'desktop' | 'mobile' | 'tablet' | 'other';

export interface Form {
  readonly name: FormFactor;
  /** As Convert's reports name it. Frozen. */
  readonly codes: readonly string[];
}

const form = (name: FormFactor, ...codes: string[]): Form => ({ name, codes: Object.freeze(codes) });

const FORMS = {
  desktop: form('desktop', 'DESK'),
  iphone: form('mobile', 'ALLPH', 'IPH'),
  mobile: form('mobile', 'ALLPH', 'OTHPH'),
  ipad: form('tablet', 'ALLTAB', 'IPAD'),
  tablet: form('tablet', 'ALLTAB', 'OTHTAB'),
  /** Televisions, consoles, watches, headsets, cars, and what says nothing. */
  other: form('other', 'OTHDEV'),
};

export const UNKNOWN_FORM = FORMS.other;

/** The device that a user agent names. */
export interface Hardware {
  /** In ua-parser-js's words: `mobile tablet smarttv console wearable embedded`, or nothing; and `desktop`. */
  readonly type: string | undefined;
  readonly model: string | undefined;
  /** The model is one that is known. Else an Android device is a tablet where its user agent does not say `Mobile`. */
  readonly isKnown: boolean;
  /** As `systemName` writes it. */
  readonly os: string;
}

/** Only iPads, and an iPhone now and then, name a Macintosh and one of the other words. */
const PAD_AS_MAC = /\(Macintosh;.*(?:\bMobile\/|\b(?:CriOS|EdgiOS|FxiOS|GSA)\/)/;
const PAD = { type: 'tablet', model: 'iPad', vendor: 'Apple' };

/**
 * The iPad that asks for desktop pages as a Mac; undefined if the user agent is not one. Safari on such an iPad cannot
 * be told from Safari on a Mac.
 */
export const padAsMac = (userAgent: string): typeof PAD | undefined =>
  PAD_AS_MAC.test(userAgent) ? PAD : undefined;

/** What ua-parser-js 1.x does not know, or takes for something else. */
const MARKS: readonly [mark: RegExp, type: string][] = [
  // Televisions: Yandex, LG and others, Vewd, YouTube, Google.
  [/\bTV\b|\bSmartTV\b|\bOMI\/\d|\bCobalt\/|\bChromecast\b/, 'smarttv'],
  // Opera's servers fetch the page for phones that they name at most.
  [/^Opera\/[\d.]+ \((?!iPad)[^)]*\bOpera Mini\//, 'mobile'],
  [/\bXbox\b/, 'console'],
  // Boxes and cars that name themselves by a model only.
  [/\bMIBOX|\bonn\. 4K\b/, 'smarttv'],
  [/\bgminfo|\bPolestar\b|\bVolvo Car\b/, 'embedded'],
  [/\(PC; OpenHarmony/, 'desktop'],
  // Tablets of Huawei and Honor, of Vivo, and what Yandex says of them all.
  [/Android.*; (?:\w{3}\d?-A?W\d\d|i?PA2\d{3})\b|\/apad\b/, 'tablet'],
];

/** The type that a mark in the user agent, or in the model, tells. */
export function markedType(text: string): string | undefined {
  return MARKS.find(([mark]) => mark.test(text))?.[1];
}

/** `iPod touch` counts as an iPhone. */
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

/** The first that is named decides. A headset that shows itself as a phone, too, is a headset. */
const FACTORS: readonly [factor: string, name: FormFactor][] = [
  ['Watch', 'other'],
  ['XR', 'other'],
  ['Automotive', 'other'],
  ['Tablet', 'tablet'],
  ['Mobile', 'mobile'],
  ['EInk', 'tablet'],
];

/**
 * `?1` means pages for phones, which small tablets, and boxes on a television, prefer as well: what the user agent
 * or the model says of these stands. `?0` of an Android device is a tablet, or whatever else is not held as a
 * phone.
 */
function nameOf({ type, isKnown, os }: Hardware, { mobile, formFactors }: ClientHints): FormFactor {
  const factor = FACTORS.find(([each]) => formFactors.includes(each));
  if (factor !== undefined) return factor[1];
  if (type === 'tablet' && mobile === true && !isKnown) return 'mobile';
  if (type === 'tablet' || type === 'desktop') return type;
  if (type !== undefined && type !== 'mobile') return 'other';
  if (mobile === true) return 'mobile';
  if (mobile === false && os === 'android') return 'tablet';
  if (type === 'mobile' && !(mobile === false && DESKTOP_SYSTEMS.has(os))) return 'mobile';
  return DESKTOP_SYSTEMS.has(os) ? 'desktop' : 'other';
}
