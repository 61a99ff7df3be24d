/** Pages as template strings in which everything is escaped that is not itself such a string. */

class Html {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** html`<p>${text}</p>`: values are escaped, lists are joined, null, undefined and false are left out. */
export function html(strings, ...values) {
  return new Html(strings.reduce((text, string, index) => text + write(values[index - 1]) + string));
}

/** For text that is HTML already, and whose author is known. */
export function raw(text) {
  return new Html(text);
}

function write(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(write).join('');
  if (value === null || value === undefined || value === false) return '';
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]);
}
