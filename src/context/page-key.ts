/**
 * The key of a page that shared caches keep per variation: it says in a short text which variations the page shows, as
 * `homepage-hero.version-b:prices.-` does. It holds nothing of the visitor else.
 */
import type { VisitorState } from '../model/visitor-state/types.js';
import { ownValue } from '../utils/objects.js';
import type { LoadedProject } from './runtime.js';

/** Experience key -> variation key; null if the visitor gets the original, without being in the experience. */
export type ShownVariations = ReadonlyMap<string, string | null>;

/** The most characters of a key. Caches and their languages have limits of their own, which are higher. */
export const MAX_KEY = 200;

/** Stands for the variation of a visitor who is not in the experience. */
const NONE = '-';

/** Returns the key of a page. The order of the experiences does not count. */
export function pageKey(shown: ShownVariations): string {
  return [...shown]
    .map(([experience, variation]) => `${escaped(experience)}.${variationText(variation)}`)
    .sort()
    .join(':');
}

function variationText(variation: string | null): string {
  if (variation === null) return NONE;
  // A variation may be called `-`.
  return variation === NONE ? '!2D' : escaped(variation);
}

/** Writes all but letters, digits, `_` and `-` as `!` and two hexadecimal digits for each byte of UTF-8. */
function escaped(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[.!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%', '!');
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('!', '%'));
  } catch {
    return text;
  }
}

/**
 * Returns what a key says of experiences that another page of the site is about, as far as it is true for this visitor:
 * anybody can send any key. `own` are the experiences of this page.
 */
export function othersIn(
  key: string | undefined,
  own: ReadonlySet<string>,
  { config, running }: LoadedProject,
  state: VisitorState,
): ShownVariations {
  const others = new Map<string, string | null>();
  for (const pair of key?.split(':') ?? []) {
    const [experienceText = '', shownText] = pair.split('.', 2);
    const experienceKey = unescaped(experienceText);
    if (own.has(experienceKey)) continue;
    const experience = config.experiences?.find((each) => each.key === experienceKey);
    if (experience === undefined || !running.includes(experience.id)) continue;
    const variationId = ownValue(state.bucketing, experience.id);
    const variation = experience.variations?.find(({ id }) => String(id) === String(variationId));
    const has = variation?.key ?? null;
    if (shownText === variationText(has)) others.set(experienceKey, has);
  }
  return others;
}
