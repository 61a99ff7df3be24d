/** The address of the docs about errors and warnings. */

/** `npm run set-repository` writes the address of the repository here. */
const DOCS = 'https://github.com/OWNER/convert-middleware/blob/main/docs';

/** Returns the address of the section on a code. GitHub writes the anchors of headings in small letters. */
export function helpOn(code: string, page = 'errors'): string {
  return `${DOCS}/${page}.md#${code.toLowerCase()}`;
}
