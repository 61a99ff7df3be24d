/** The part of supertest that the suites use, inside of a worker. */
import { PORT } from './network.js';

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
}

/** A request that is sent when it is awaited. */
class Test implements PromiseLike<Answer> {
  readonly #headers = new Headers();

  constructor(
    private readonly method: string,
    private readonly url: URL,
  ) {}

  set(given: string | Readonly<Record<string, string>>, value = ''): this {
    const pairs = typeof given === 'string' ? { [given]: value } : given;
    for (const [name, each] of Object.entries(pairs)) this.#headers.set(name, each);
    return this;
  }

  /** None is followed. */
  redirects(): this {
    return this;
  }

  then<One, Other>(...given: Parameters<Promise<Answer>['then']>): Promise<One | Other> {
    return this.#send().then(...given) as Promise<One | Other>;
  }

  async #send(): Promise<Answer> {
    const url = new URL(this.url);
    const host = this.#headers.get('host');
    this.#headers.set(PORT, url.port);
    if (host !== null) {
      url.host = host;
      if (!host.includes(':')) url.port = '';
    }
    const response = await fetch(url, { method: this.method, headers: this.#headers, redirect: 'manual' });
    const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
    const cookies = response.headers.getSetCookie();
    if (cookies.length > 0) headers['set-cookie'] = cookies;
    return { status: response.status, text: await response.text(), headers };
  }
}

export default function request(origin: string): Record<'get' | 'head' | 'post', (path: string) => Test> {
  const of = (method: string) => (path: string) => new Test(method, new URL(path, origin));
  return { get: of('GET'), head: of('HEAD'), post: of('POST') };
}
