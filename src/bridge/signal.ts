/** Writes variations as a short text, for a cookie or a header of the response. */
import { asciiJson } from './escaping.js';

/** Where clients find the text. */
export const SIGNAL_PLACES = ['cookie', 'header'] as const;
export type SignalPlace = (typeof SIGNAL_PLACES)[number];

/** The most characters of a text: browsers send a cookie with each request, and servers and proxies bound headers. */
const MAX_LENGTH = 1024;

/** Turns JSON into characters that the place takes. The code of a text is that of its parts, one after the other. */
const ENCODERS: Readonly<Record<SignalPlace, (json: string) => string>> = {
  cookie: encodeURIComponent,
  header: asciiJson,
};

export interface Signal {
  /** The variation keys by experience key, as JSON: percent-encoded in a cookie, in ASCII in a header. */
  readonly text: string;
  /** The number of variations at the end for which there was no room. */
  readonly dropped: number;
}

export function signalFor(place: SignalPlace, variations: Readonly<Record<string, string>>): Signal {
  const encode = ENCODERS[place];
  const comma = encode(',');
  const parts = Object.entries(variations).map(([experience, variation]) =>
    encode(`${JSON.stringify(experience)}:${JSON.stringify(variation)}`),
  );
  const [open, close] = [encode('{'), encode('}')];
  let length = open.length + close.length;
  const kept = parts.findIndex((part) => (length += part.length + comma.length) - comma.length > MAX_LENGTH);
  const fitting = kept === -1 ? parts : parts.slice(0, kept);
  return { text: `${open}${fitting.join(comma)}${close}`, dropped: parts.length - fitting.length };
}
