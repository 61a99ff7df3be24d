/** Signs what preview links and the preview cookie show, and until when. */
import { FORMATS } from '../../model/formats.js';
import type { Preview } from '../../model/preview.js';
import type { Digests } from '../../utils/digests.js';
import { createSigner, type Secrets } from './signer.js';

/** The most experiences of one link. */
export const MAX_PREVIEWS = 16;
/** Characters of the longest text that is read. */
export const MAX_PREVIEW_TEXT = 768;

/**
 * Where a text was made: `link` by `convert.previewLink`. In a cookie, `signed` for such a link, and `plain` for a link
 * of Convert's form, which shows no draft.
 */
export type PreviewKind = 'link' | 'signed' | 'plain';

export interface SignedPreviews {
  readonly kind: PreviewKind;
  readonly previews: readonly Preview[];
  /** The time until which the text is valid, in milliseconds since the epoch. */
  readonly expires: number;
}

export interface PreviewSigner {
  /** Makes a text of digits, letters, `.` and `_`, which needs no escaping in a URL or a cookie. */
  sign(given: SignedPreviews): string;
  /** Reads a text, expired or not; undefined if it is not signed, or if it is longer than any that is made. */
  read(text: string): SignedPreviews | undefined;
}

const KINDS: Readonly<Record<PreviewKind, string>> = { link: 'l', signed: 's', plain: 'p' };
const LETTERS = new Map(Object.entries(KINDS).map(([kind, letter]) => [letter, kind as PreviewKind]));

/** The number of the format and the kind; ids of experiences and variations; the second of the end; the signature. */
const FORM = new RegExp(
  `^(\\d{1,3})([lsp])((?:_\\d{1,20}\\.\\d{1,20}){1,${MAX_PREVIEWS}})_([0-9a-z]{1,8})_([0-9a-z]{25})$`,
);

export function previewSigner(digests: Digests, secrets: Secrets): PreviewSigner {
  const signer = createSigner(digests, secrets, 'previews');
  return {
    sign({ kind, previews, expires }) {
      const ids = previews.map(({ experienceId, variationId }) => `${experienceId}.${variationId}`).join('_');
      const body = `${FORMATS.preview}${KINDS[kind]}_${ids}_${Math.floor(expires / 1000).toString(36)}`;
      return `${body}_${signer.sign(body)}`;
    },
    read(text) {
      if (text.length > MAX_PREVIEW_TEXT) return undefined;
      const [, format, letter = '', ids = '', second = '', signature = ''] = FORM.exec(text) ?? [];
      const kind = LETTERS.get(letter);
      if (kind === undefined || format !== String(FORMATS.preview)) return undefined;
      if (signer.verify(text.slice(0, -signature.length - 1), signature) === undefined) return undefined;
      const previews = ids
        .slice(1)
        .split('_')
        .map((pair) => {
          const [experienceId = '', variationId = ''] = pair.split('.');
          return { experienceId, variationId };
        });
      return { kind, previews, expires: parseInt(second, 36) * 1000 };
    },
  };
}
