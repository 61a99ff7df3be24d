/** Request bodies, for servers without a body parser. */

const MAX_BYTES = 64 * 1024;

/** The body as it was sent. */
export async function readBody(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw Object.assign(new Error('the body is too large'), { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The fields of a posted form. */
export async function readForm(request) {
  return Object.fromEntries(new URLSearchParams(String(await readBody(request))));
}
