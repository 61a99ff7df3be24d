/** Writes the mark that tells a person which preview they see, with a link that leads out of it. */
import { asObject } from '../utils/objects.js';
import { attributeText } from './escaping.js';

/** Options of `previewMark()`. */
export interface PreviewMarkOptions {
  /** The nonce of the Content-Security-Policy: with it, the mark brings a style sheet. Default: it has no style. */
  nonce?: string | undefined;
}

export interface ShownPreview {
  /** The experience keys and the variation keys that are shown. */
  readonly variations: Readonly<Record<string, string>>;
  /** True if the link was valid once, so that nothing of it is shown. */
  readonly isExpired: boolean;
  /** Path and query of the page without the preview. */
  readonly exit: string;
  /** The number of marks that the page has already, of other projects of the app. */
  readonly before: number;
}

/** The mark stays in a corner of the window, above the page. */
const STYLE =
  '.cv-preview{position:fixed;right:12px;bottom:12px;z-index:2147483647;max-width:90vw;padding:8px 12px;' +
  'border-radius:6px;background:#1f2328;color:#fff;font:13px/1.4 system-ui,sans-serif}' +
  '.cv-preview a{margin-left:8px;color:#fff;text-decoration:underline}';

/** Where the marks of several projects stay, one above the other on any screen: the class that each has besides. */
const PLACES = [
  { name: '', style: '' },
  { name: ' cv-preview-2', style: '.cv-preview-2{bottom:auto;top:12px}' },
  { name: ' cv-preview-3', style: '.cv-preview-3{bottom:auto;top:45vh}' },
] as const;

/** Returns the mark as HTML, without inline style and script: a strict Content-Security-Policy allows it. */
export function previewMark(shown: ShownPreview, options?: PreviewMarkOptions): string {
  const { nonce } = asObject(options);
  const place = PLACES[Math.min(shown.before, PLACES.length - 1)]!;
  const css = STYLE + place.style;
  const style = nonce === undefined ? '' : `<style nonce="${attributeText(String(nonce))}">${css}</style>`;
  const link = `<a href="${attributeText(shown.exit)}">Leave the preview</a>`;
  return `${style}<div class="cv-preview${place.name}" role="status">${attributeText(textOf(shown))} ${link}</div>`;
}

function textOf({ variations, isExpired }: ShownPreview): string {
  if (isExpired) return 'This preview link has expired.';
  const shown = Object.entries(variations).map(([experience, variation]) => `${experience} = ${variation}`);
  return shown.length === 0 ? 'Preview: no such variation.' : `Preview: ${shown.join(', ')}.`;
}
