/** Headers as browsers send them on a page view. */
const SAFARI = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';
const CHROMIUM = 'AppleWebKit/537.36 (KHTML, like Gecko)';

export const USER_AGENTS = [
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Chrome/131.0.0.0 Safari/537.36`,
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROMIUM} Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0`,
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${CHROMIUM} Chrome/130.0.0.0 Safari/537.36`,
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${SAFARI} Version/18.1 Safari/605.1.15`,
  `Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${SAFARI} Version/18.1 Mobile/15E148 Safari/604.1`,
  `Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) ${SAFARI} Version/17.6 Mobile/15E148 Safari/604.1`,
  `Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) ${SAFARI} Version/17.6 Mobile/15E148 Safari/604.1`,
  `Mozilla/5.0 (Linux; Android 10; K) ${CHROMIUM} Chrome/131.0.0.0 Mobile Safari/537.36`,
  `Mozilla/5.0 (Linux; Android 14; SM-S918B) ${CHROMIUM} Chrome/129.0.0.0 Mobile Safari/537.36`,
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
];

const LANGUAGES = ['en-US,en;q=0.9', 'de-DE,de;q=0.9,en;q=0.8', 'fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3'];
const REFERRERS = ['https://www.google.com/', 'https://blog.example/post/17', undefined];
const PATHS = ['/', '/', '/', '/?utm_source=google&utm_medium=cpc&utm_campaign=spring'];

/** Kinds of page views, each as a path with headers in lower case; without cookies. */
export const pageViews = USER_AGENTS.map((userAgent, index) => {
  const referrer = REFERRERS[index % REFERRERS.length];
  return {
    path: PATHS[index % PATHS.length],
    headers: {
      host: 'shop.example',
      'user-agent': userAgent,
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'accept-language': LANGUAGES[index % LANGUAGES.length],
      'accept-encoding': 'gzip, deflate, br',
      ...(referrer && { referer: referrer }),
      'cf-ipcountry': index % 2 === 0 ? 'US' : 'DE',
    },
  };
});

/** What a browser sends back of what servers set; `lines` are values of `Set-Cookie`. */
export class Cookies {
  #values = new Map([['_ga', 'GA1.1.1299043441.1733000000']]);
  #text;

  keep(lines) {
    for (const line of lines) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.#values.set(name, value);
      this.#text = undefined;
    }
    return this;
  }

  has(name) {
    return this.#values.has(name);
  }

  /** As a header. */
  get text() {
    return (this.#text ??= [...this.#values].map(([name, value]) => `${name}=${value}`).join('; '));
  }
}

/** Of somebody who was here before, with this id. */
export const cookiesOf = (visitorId) => new Cookies().keep([`cv_vid=${visitorId}`]);
