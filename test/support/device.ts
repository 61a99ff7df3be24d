/** A browser that keeps the cookies which responses set, and sends them with its next request. */
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/convert.js';
import { FakeResponse, tick, visit } from './http.js';

export const MINUTE = 60_000;

export class Device {
  readonly cookies = new Map<string, string>();
  /** The `Set-Cookie` lines of the last response. */
  lines: readonly string[] = [];

  constructor(
    private readonly convert: Convert,
    id?: string,
  ) {
    if (id !== undefined) this.cookies.set('cv_vid', id);
  }

  /** The same browser, and another server. */
  at(convert: Convert): Device {
    const device = new Device(convert);
    for (const [name, value] of this.cookies) device.cookies.set(name, value);
    return device;
  }

  /** One request, to the end of its response. Returns the visitor id that the server saw. */
  async request(
    handler: (context: ConvertContext) => unknown = (context) => context.runExperience('homepage-hero'),
    headers: Record<string, string> = {},
  ): Promise<string> {
    const response = new FakeResponse();
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const context = await visit(this.convert, cookie === '' ? {} : { cookie }, response);
    await handler(context);
    response.writeHead();
    await tick();
    this.lines = response.cookies;
    for (const line of response.cookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/max-age=0/i.test(line)) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return context.visitorId;
  }

  /** As if so much time had gone since its last request. */
  rest(milliseconds: number): void {
    const [format, id, minute, ...signature] = this.cookies.get('cv_vid_next')!.split('.') as [
      string,
      string,
      string,
    ];
    const before = (parseInt(minute, 36) - Math.floor(milliseconds / MINUTE)).toString(36);
    this.cookies.set('cv_vid_next', [format, id, before, ...signature].join('.'));
  }
}
