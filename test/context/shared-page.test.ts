/** What a page of `share()` says when caches store it: only what its key says, whoever has asked for it. */
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConvertContext } from '../../src/context/types.js';
import type { Convert } from '../../src/convert/types.js';
import { createConvert } from '../../src/index.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { FakeResponse, tick } from '../support/http.js';
import { testProject } from '../support/project.js';
import { recordingOutbox } from '../support/recorders.js';
import { runningSession } from '../support/session.js';
import { incoming } from './play.js';

type Variations = Readonly<Record<string, string>>;
interface Seen {
  readonly isStored: boolean;
  readonly variations: Variations;
  readonly exposed: readonly string[];
  readonly analytics: string;
  /** The key that the visitor's browser gets; undefined if it gets none. */
  readonly key: string | undefined;
}

const instances: Convert[] = [];
afterEach(async () => {
  for (const convert of instances.splice(0)) await convert.close({ timeout: 1 });
});

/** An app, what it has logged, how many exposures it has sent, and a visit of a page of it. */
function appWith(options: ConvertOptions = {}) {
  const logged: string[] = [];
  const log = (message: string): void => void logged.push(message);
  const sent: string[] = [];
  const convert = createConvert({
    project: testProject(),
    delivery: { outbox: recordingOutbox((_, event) => void sent.push(String(event))) },
    logger: { error: log, warn: log, info: log },
    ...options,
  });
  instances.push(convert);
  async function visit(id: string, key: string | undefined, page: (context: ConvertContext) => void) {
    const cookies = [`cv_vid=${id}`, runningSession(), ...(key === undefined ? [] : [`cv_key=${key}`])];
    const response = new FakeResponse();
    await convert.ready();
    const context = await convert.open(incoming({ cookies }), response);
    page(context);
    const { variations, exposed } = JSON.parse(context.bridge.json()) as Pick<Seen, 'variations' | 'exposed'>;
    const analytics = context.bridge.ga4() + context.bridge.dataLayer();
    response.writeHead();
    await tick();
    const line = response.cookies.find((each) => /^cv_key=[^;]/.test(each));
    return {
      isStored: String(response.getHeader('Cache-Control')).startsWith('public'),
      variations,
      exposed,
      analytics,
      key: line?.slice('cv_key='.length).split(';')[0],
    };
  }
  return { convert, logged, sent, visit };
}

const HERO = ['homepage-hero'];
const UNCOUNTED = { enableTracking: false };
const page =
  (given?: object, shared?: object) =>
  (context: ConvertContext): void => {
    context.share({ key: HERO, seconds: 300 }, shared);
    context.runExperience('homepage-hero', given);
  };

describe('a stored page tells analytics and the SDK', () => {
  it('of exposures that are counted', async () => {
    const { visit, sent } = appWith();
    const { key } = await visit('v1', undefined, page());
    const stored = await visit('v1', key, page());
    expect(stored).toMatchObject({ isStored: true, exposed: HERO });
    expect(stored.analytics).toContain('CONV-101-');
    expect(sent.filter((each) => each.startsWith('offered'))).toHaveLength(1);
  });

  it.each<[string, ConvertOptions, object]>([
    ['that the app does not track', {}, UNCOUNTED],
    ['that the app does not store', {}, { enableStorage: false }],
    ['of an app that sends nothing', { delivery: false }, {}],
  ])('of no exposure %s', async (_, options, attributes) => {
    const { visit, logged } = appWith(options);
    const { key, exposed } = await visit('v1', undefined, page(attributes, attributes));
    expect([key, exposed]).toEqual([expect.any(String), []]);
    // Another page of the app may have counted the visitor: the stored page is the same for all.
    await visit('v1', undefined, (context) => void context.runExperience('homepage-hero'));
    const stored = await visit('v1', key, page(attributes, attributes));
    expect(stored).toMatchObject({ isStored: true, exposed: [], analytics: '' });
    expect(logged).toEqual([]);
  });

  it('nobody who has to be counted first gets one', async () => {
    const { visit, logged, sent } = appWith();
    const offered = () => sent.filter((each) => each.startsWith('offered'));
    const first = await visit('v1', undefined, page(UNCOUNTED));
    expect([first.key, logged]).toEqual([undefined, [expect.stringContaining('not counted')]]);
    const forged = `homepage-hero.${first.variations['homepage-hero']}`;
    expect(await visit('v1', forged, page(UNCOUNTED))).toMatchObject({ isStored: false, exposed: [] });
    expect(offered()).toEqual([]);
    expect(await visit('v1', forged, page())).toMatchObject({ isStored: false, exposed: HERO, key: forged });
    expect(offered()).toHaveLength(1);
    expect(await visit('v1', forged, page())).toMatchObject({ isStored: true, exposed: HERO });
  });
});

it('a user who has logged in is counted first, whatever key their browser got before', async () => {
  const users = appWith({ visitor: { id: () => 'user:1' } });
  for (const variation of ['original', 'version-b'])
    expect((await users.visit('v1', `homepage-hero.${variation}`, page())).isStored).toBe(false);
  expect(users.sent.filter((each) => each.startsWith('offered'))).toHaveLength(1);
});

/** Experiences that all visitors are in, but for those who are in one that is excluded. */
const EXCLUDED: Readonly<Record<string, readonly string[]>> = { a: ['b'], b: ['a'], c: ['a'], d: [] };
const KEYS = Object.keys(EXCLUDED);

function exclusiveProject(): ProjectConfig {
  const project = testProject();
  const [hero] = project.experiences!;
  project.audiences = Object.entries(EXCLUDED).map(([key, others], index) => ({
    id: `79${index}`,
    key: `not-with-${key}`,
    type: 'transient',
    rules: {
      OR: [
        {
          AND: others.map((value) => ({
            OR_WHEN: [
              {
                rule_type: 'bucketed_into_experience_key',
                value,
                matching: { match_type: 'equals', negated: true },
              },
            ],
          })),
        },
      ],
    },
  }));
  project.experiences = KEYS.map((key, index) => ({
    ...hero!,
    id: `19${index}`,
    key,
    audiences: EXCLUDED[key]!.length > 0 ? [`79${index}`] : [],
  }));
  return project;
}

describe('experiences that exclude each other', () => {
  it('those that are not in the key exclude none that is', async () => {
    const { visit, logged } = appWith({ project: exclusiveProject() });
    const all = (context: ConvertContext): void => {
      context.share({ key: ['c', 'd'], seconds: 300 });
      context.runExperiences();
    };
    const first = await visit('v1', undefined, all);
    expect(Object.keys(first.variations)).toEqual(['c', 'd']);
    const stored = await visit('v1', first.key, all);
    expect(stored).toMatchObject({ isStored: true, variations: first.variations });
    expect(logged).toEqual([]);
  });

  const order = fc.shuffledSubarray(KEYS, { minLength: KEYS.length });
  const textOf = (variations: Variations): string =>
    KEYS.map((key) => `${key}.${variations[key] ?? '-'}`).join(':');

  it('a stored page shows what its key says, whoever asks for it, in whatever order the handler decides', async () => {
    const project = exclusiveProject();
    const { visit, logged } = appWith({ project });
    // Nothing is stored of anybody there, so that a key may be anything.
    const stranger = appWith({ project, store: { get: () => null, set: () => undefined } });
    let visitors = 0;
    await fc.assert(
      fc.asyncProperty(order, order, async (named, decided) => {
        const id = `visitor-${(visitors += 1)}`;
        const shop = (named: string[], decided: string[]) => (context: ConvertContext) => {
          context.share({ key: named, seconds: 300 });
          for (const key of decided) context.runExperience(key);
        };
        const pages: boolean[] = [];
        let key: string | undefined;
        for (let n = 0; n < 4; n += 1) {
          const seen = await visit(id, key, shop(named, decided));
          pages.push(seen.isStored);
          if (seen.isStored) expect(textOf(seen.variations)).toBe(key);
          const forged = await stranger.visit(id, textOf(seen.variations), shop(decided, named));
          if (forged.isStored) expect(textOf(forged.variations)).toBe(textOf(seen.variations));
          key = seen.key ?? key;
        }
        expect(pages[0]).toBe(false);
        expect(pages.at(-1)).toBe(true);
      }),
      { numRuns: 30 },
    );
    expect(logged).toEqual([]);
  });
});
