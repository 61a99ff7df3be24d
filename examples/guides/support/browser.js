/** A browser for the last lines of these examples: it visits an app in the same process, and keeps its cookies. */
import { once } from 'node:events';

/** Without the user agent of a browser, `fetch` is a bot, which gets the original page. */
const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** Whether a `Set-Cookie` line removes the cookie. */
function isOver(line) {
  return /; *max-age=0\b/i.test(line) || Date.parse(/; *expires=([^;]+)/i.exec(line)?.[1]) < Date.now();
}

/**
 * Opens a browser that has been there before, with these cookies.
 *
 * @param server what `app.listen(0)` of Express and Koa returns; `app.server` of Fastify
 * @param {Record<string, string>} cookies by name. `{ cv_vid: 'anna' }` is always the same visitor
 */
export async function openBrowser(server, cookies = {}) {
  if (!server.listening) await once(server, 'listening');
  const origin = `http://localhost:${server.address().port}`;

  /** Asks once, and returns the response. */
  async function request(path, init = {}) {
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
    const headers = { 'user-agent': USER_AGENT, cookie: cookie.join('; '), ...init.headers };
    const response = await fetch(new URL(path, origin), { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (isOver(line)) delete cookies[name];
      else cookies[name] = value;
    }
    return response;
  }

  /** Asks, follows redirects, and returns the text of the page. */
  async function page(path, init) {
    const response = await request(path, init);
    const location = response.headers.get('location');
    return location === null ? response.text() : page(location);
  }

  return {
    cookies,
    request,
    get: (path, headers) => page(path, { headers }),
    /** Sends a form: `fields` by name. */
    post: (path, fields = {}) => page(path, { method: 'POST', body: new URLSearchParams(fields) }),
  };
}
