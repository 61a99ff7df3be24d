/** What a Convert makes of its geo readers: who hears of them, and when they end. */
import { afterEach, expect, it, vi } from 'vitest';
import {
  type Convert,
  type ConvertOptions,
  createConvert,
  type GeoListener,
  type GeoReader,
} from '../../src/index.js';
import { ConvertError } from '../../src/utils/errors.js';
import { FakeResponse } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import { incoming } from '../request/incoming.js';

let convert: Convert | undefined;
afterEach(() => convert?.close());

function create(geo: ConvertOptions['geo']): { errors: ConvertError[]; lines: string[]; made: Convert } {
  const lines: string[] = [];
  const line = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const logger = { error: line('error'), warn: line('warn'), info: line('info') };
  // The requests of this file have no user agent.
  const made = (convert = createConvert({ project: testProject(), geo, bots: 'include', logger }));
  const errors: ConvertError[] = [];
  made.on('error', (error) => errors.push(error));
  return { errors, lines, made };
}

it('a reader is loaded, heard, and closed once, with the instance', async () => {
  const heard: GeoListener[] = [];
  const close = vi.fn();
  const reader: GeoReader = {
    name: 'database',
    load: async (listener) => void heard.push(listener),
    read: () => ({ country: 'DE' }),
    close,
  };
  const { errors, lines, made } = create(['cloudflare', reader]);
  const [listener] = heard;
  for (const n of [1, 2]) {
    listener?.failing(new ConvertError('CONVERT_GEO', 'the file is gone'));
    listener?.recovered('the file is back');
    // Each outage is worth a line.
    expect(lines).toHaveLength(2 * n);
  }
  expect(lines.slice(0, 2).map(messageOf)).toEqual([
    'error convert: the file is gone',
    'info convert: the file is back',
  ]);
  expect(errors.map(({ code }) => code)).toEqual(['CONVERT_GEO', 'CONVERT_GEO']);
  await Promise.all([made.close(), made.close()]);
  expect(close.mock.calls).toEqual([[listener]]);
});

it('a platform whose headers never come is warned of, once', () => {
  const { lines, made } = create('vercel');
  for (let i = 0; i < 300; i++) {
    void made.openNow(incoming(), new FakeResponse()).visitorProperties.country;
  }
  expect(lines).toEqual([
    expect.stringMatching(/^warn convert: geo 'vercel': the first 100 requests .*x-vercel-ip-country/),
  ]);
});
