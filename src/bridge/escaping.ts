/** Escapes text for the places of a page where this package writes it: a script, and an attribute. */

const IN_SCRIPT: Readonly<Record<string, string>> = {
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * Writes JSON that is also safe inside `<script>`: it has no `</script>`, `<!--` or `]]>`, and none of the line
 * separators that end a line in older JavaScript. `JSON.stringify` writes lone surrogates as escapes.
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => IN_SCRIPT[character] ?? character,
  );
}

/** Writes all but ASCII in JSON as escapes, for places that take no other characters, such as a header. */
export const asciiJson = (json: string): string =>
  json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const IN_ATTRIBUTE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Escapes a text for the value of an attribute, in double or single quotes. */
export function attributeText(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`]/g, (character) => IN_ATTRIBUTE[character] ?? character);
}
