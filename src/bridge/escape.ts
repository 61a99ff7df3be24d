/** Escaping for what we write into a page: one function for JSON inside a script, one for attribute values. */

const IN_SCRIPT: Readonly<Record<string, string>> = {
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/**
 * JSON that is also safe inside `<script>`: no `</script>`, `<!--` or `]]>` can appear, nor the line separators that
 * older JavaScript takes for line ends. Lone surrogates come out as escapes (JSON.stringify does that).
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => IN_SCRIPT[character] ?? character,
  );
}

const IN_ATTRIBUTE: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Text that is safe in an attribute value, between double or single quotes. */
export function attributeText(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`]/g, (character) => IN_ATTRIBUTE[character] ?? character);
}
