/** Reads the language that a visitor prefers from the `Accept-Language` header. */
import { clip } from './text-decoding.js';

/** The number of characters of the header that are read. Browsers send some hundred at most. */
const MAX_HEADER = 1024;
const TAG = /^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i;
const WEIGHT = /;\s*q\s*=\s*([0-9.]+)/i;
/** The length of the longest tag that RFC 5646 asks to support. */
const MAX_TAG = 35;

/**
 * Returns the tag with the highest weight in an `Accept-Language` header (the first of equals), written as RFC 5646
 * does: `en`, `en-US`, `zh-Hant-TW`. `*` and tags with weight 0 don't count.
 */
export function preferredLanguage(header: string): string | undefined {
  let best: string | undefined;
  let bestWeight = 0;
  for (const range of clip(header, MAX_HEADER).split(',')) {
    const semicolon = range.indexOf(';');
    const tag = (semicolon < 0 ? range : range.slice(0, semicolon)).trim();
    const weight = semicolon < 0 ? 1 : Number(WEIGHT.exec(range)?.[1] ?? 1);
    if (weight > bestWeight && tag.length <= MAX_TAG && TAG.test(tag)) {
      best = tag;
      bestWeight = weight;
    }
  }
  return best?.split('-').map(writeSubtag).join('-');
}

function writeSubtag(subtag: string, index: number): string {
  const lower = subtag.toLowerCase();
  if (index > 0 && /^[a-z]{2}$/.test(lower)) return lower.toUpperCase();
  if (index > 0 && /^[a-z]{4}$/.test(lower)) return lower.charAt(0).toUpperCase() + lower.slice(1);
  return lower;
}
