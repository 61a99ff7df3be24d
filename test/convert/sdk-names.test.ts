/** Names and options of the official SDK, as a site that moves over has them. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import type { VisitorContext } from '../../src/context/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { visit } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { rules, testProject } from '../support/project.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

const APP_ID = { visitor: { id: () => 'u1' } };

describe('methods of the SDK', () => {
  const weather = () => {
    const project = testProject();
    project.audiences!.push({ id: '703', key: 'rain', rules: rules({ key: 'weather', value: 'rainy' }) });
    project.experiences![0]!.audiences = ['703'];
    return project;
  };

  it.each<[string, (context: VisitorContext) => void]>([
    ['of this package', (context) => context.updateVisitorProperties({ weather: 'rainy' })],
    ['of the SDK', (context) => context.updateVisitorProperties('u1', { weather: 'rainy' })],
  ])('D2: updateVisitorProperties in the form %s', async (_name, update) => {
    const context = await visit(create({ ...APP_ID, project: weather() }));
    expect(context.runExperience('homepage-hero')).toBeNull();
    update(context);
    expect(context.runExperience('homepage-hero')).not.toBeNull();
  });

  it('D2: updateVisitorProperties writes nothing for another visitor, and says so', async () => {
    const context = await visit(create({ ...APP_ID, project: weather() }));
    context.updateVisitorProperties('u2', { weather: 'rainy' });
    expect(context.getVisitorData()).toEqual({});
    expect(logged.join()).toContain('was given the id of another visitor');
  });

  it('D3: custom dimensions may be lists of text, and nothing else may', async () => {
    const convert = create(APP_ID);
    const context = await visit(convert);
    const colours = ['red', 'xl'];
    const goalData = [
      { key: 'amount', value: 10 },
      { key: 'customDimension1', value: colours },
    ] as const;
    context.trackConversion('purchase', { conversionData: [...goalData] });
    colours.push('changed later');
    for (const wrong of [
      { key: 'amount', value: ['1'] },
      { key: 'transactionId', value: ['1'] },
      { key: 'customDimension1', value: [1] },
      { key: 'customDimension1', value: { a: 1 } },
    ])
      context.trackConversion('signup', { conversionData: [wrong as never] });
    await convert.flush();
    expect(collector.conversions().flatMap(({ data }) => ('goalData' in data ? data.goalData : []))).toEqual([
      { key: 'amount', value: 10 },
      { key: 'customDimension1', value: ['red', 'xl'] },
    ]);
    expect(convert.stats().delivery.reasons).toEqual({ 'bad-data': 4 });
  });

  it.each<[string, (context: VisitorContext) => void]>([
    [
      'runCustomSegments with a list',
      (context) => context.runCustomSegments(['big-spenders'], { ruleData: { spent: 'lots' } }),
    ],
    [
      'runCustomSegments with a text',
      (context) => context.runCustomSegments('big-spenders', { ruleData: { spent: 'lots' } }),
    ],
    [
      'setCustomSegments',
      (context) => context.setCustomSegments(['big-spenders'], { ruleData: { spent: 'lots' } }),
    ],
  ])('D4: %s', async (_name, call) => {
    const context = await visit(create(APP_ID));
    call(context);
    expect(context.getVisitorData()).toEqual({ segments: { customSegments: ['801'] } });
  });

  it('D4: getConfigEntity and getConfigEntityById find each kind of entity', async () => {
    const context = await visit(create(APP_ID));
    const found = [
      ['experience', 'homepage-hero', '101'],
      ['variation', 'version-b', '1011'],
      ['audience', 'spring', '702'],
      ['location', 'pricing', '601'],
      ['segment', 'big-spenders', '801'],
      ['goal', 'signup', '502'],
      ['feature', 'checkout-button', '301'],
    ] as const;
    for (const [type, key, id] of found) {
      expect(context.getConfigEntity(key, type)).toMatchObject({ id, key });
      expect(context.getConfigEntityById(id, type)).toBe(context.getConfigEntity(key, type));
      expect(context.getConfigEntityById(Number(id), type)).toBe(context.getConfigEntity(key, type));
      expect(context.getConfigEntity('missing', type)).toBeNull();
    }
    for (const type of ['constructor', '__proto__', 'nothing'])
      expect(context.getConfigEntity('homepage-hero', type as never)).toBeNull();
  });

  it('D4: getVisitorData gives a copy of what is stored, and nothing of who takes no part', async () => {
    const convert = create(APP_ID);
    const context = await visit(convert);
    const { id } = context.runExperience('homepage-hero')!;
    context.trackConversion('purchase');
    const data = context.getVisitorData();
    expect(data).toEqual({ bucketing: { '101': id }, goals: { purchase: true } });
    data.bucketing!['101'] = 'changed';
    expect(context.getVisitorData().bucketing).toEqual({ '101': id });
    expect((await visit(create({ ...APP_ID, consent: () => 'denied' }))).getVisitorData()).toEqual({});
  });
});

describe('options of the SDK', () => {
  it.each([
    [{ data: {} }, '`data` of the official SDK: write `project`'],
    [{ dataStore: {} }, 'write `store`'],
    [{ dataRefreshInterval: 1 }, 'write `refreshInterval`'],
    [{ api: {} }, 'write `endpoints: { config, track }`'],
    [{ events: {} }, 'batches follow the load'],
    [{ rules: {} }, 'keys of rules are compared exactly'],
    [{ mapper: {} }, 'no visitor data is logged'],
    [{ network: { tracking: false } }, 'write `delivery: false`'],
    [{ network: { source: 'x' } }, '`network.source` of the official SDK: leave it out'],
  ])('%j is answered with what to write here', (options, hint) => {
    expect(() => createConvert({ project: testProject(), ...options } as never)).toThrow(hint);
  });

  it.each([
    [{ project: testProject(), debugToken: 'x' }, '`project` and `debugToken` are both given'],
    [{ project: testProject(), network: { cacheLevel: 'low' } }, '`network.cacheLevel` are both given'],
    [{ project: testProject(), bucketing: { hash_seed: 0 } }, 'bucketing.hash_seed'],
    [{ project: testProject(), bucketing: { seed: 1 } }, 'unknown option `bucketing.seed`'],
    [{ project: testProject(), delivery: true }, '`delivery` must be an object'],
    [{ project: testProject(), engine: { load() {} }, bucketing: {} }, 'is for the compiled engine'],
  ])('refuses %j', (options, problem) => {
    expect(() => createConvert(options as never)).toThrow(problem);
  });
});

async function configServer(): Promise<{ server: Server; config: string; urls: string[] }> {
  const urls: string[] = [];
  const project = testProject();
  project.experiences![0]!.status = 'draft';
  project.experiences![3]!.status = 'paused';
  const server = createServer((request, response) => {
    urls.push(request.url ?? '');
    response.end(JSON.stringify(project));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { server, config: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, urls };
}

describe('debugToken and network.cacheLevel', () => {
  it('D6: stand in the config request, and the token never in a message', async () => {
    const { config, urls } = await configServer();
    const options = { ...APP_ID, sdkKey: '1001/2002', endpoints: { config } };
    await create({ ...options, network: { cacheLevel: 'low' } }).ready();
    const convert = create({ ...options, debugToken: 's3cret-token' });
    await convert.ready();
    expect(urls).toEqual([
      '/config/1001/2002?environment=staging&_conv_low_cache=1',
      '/config/1001/2002?environment=staging&debug_token=s3cret-token&_conv_low_cache=1',
    ]);
    expect(JSON.stringify([convert.stats(), logged])).not.toContain('s3cret');
  });

  it('D6: with a token, drafts are read-only for everybody, and all else counts', async () => {
    const { config } = await configServer();
    const convert = create({ ...APP_ID, sdkKey: '1001/2002', endpoints: { config }, debugToken: 'token' });
    await convert.ready();
    expect(logged.filter((line) => line.includes('debugToken'))).toHaveLength(1);
    const context = await visit(convert);
    expect(context.runExperience('homepage-hero')).not.toBeNull();
    expect(context.explain('homepage-hero').reason).toBe('draft');
    expect(context.runExperiences().map(({ experienceKey }) => experienceKey)).toEqual([
      'homepage-hero',
      'featured',
    ]);
    expect(context.runFeature('checkout-button')).toMatchObject({ status: 'enabled' });
    expect(context.getVisitorData()).toEqual({});
    context.runExperience('german-pricing', {
      locationProperties: { path: '/pricing' },
      visitorProperties: { country: 'DE', device: 'mobile' },
    });
    await convert.flush();
    expect(collector.exposures().map(({ data }) => data)).toMatchObject([{ experienceId: '102' }]);
  });

  it('D6: without a token, a status changes nothing', async () => {
    const { config } = await configServer();
    const convert = create({ ...APP_ID, sdkKey: '1001/2002', endpoints: { config } });
    await convert.ready();
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(collector.exposures()).toHaveLength(1);
  });
});

describe('delivery: false', () => {
  it.each([{}, { strictSdk: true }])(
    'D7: decides and stores, sends nothing, and the exposure follows later (%j)',
    async (more) => {
      const store = memoryStore();
      const quiet = create({ ...APP_ID, ...more, store, delivery: false });
      const context = await visit(quiet);
      const { id } = context.runExperience('homepage-hero')!;
      context.runFeature('checkout-button');
      context.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 1 }] });
      expect(quiet.stats().delivery).toMatchObject({
        disabled: 'option',
        accepted: 2,
        reasons: { disabled: 2 },
      });
      await quiet.flush();
      expect(collector.events).toEqual([]);

      const loud = create({ ...APP_ID, store });
      expect(loud.stats().delivery).not.toHaveProperty('disabled');
      const later = await visit(loud);
      expect(later.explain('homepage-hero').reason).toBe('sticky');
      expect(later.runExperience('homepage-hero')!.id).toBe(id);
      later.trackConversion('purchase');
      await loud.flush();
      expect(collector.exposures().map(({ data }) => data)).toEqual([
        { experienceId: '101', variationId: id },
      ]);
      expect(collector.conversions()).toHaveLength(1);
    },
  );
});

it('D12: `ready` is told of to a listener that is added after createConvert(), in the next turn', async () => {
  const told: string[] = [];
  const convert = create();
  convert.on('ready', ({ version }) => told.push(`ready ${version}`));
  expect((await visit(convert)).runExperience('homepage-hero')).not.toBeNull();
  expect(told).toEqual([]);
  await nextTurn();
  expect(told).toEqual(['ready 1']);
});

it('D12: so is an error of a source that fails at once', async () => {
  const told: string[] = [];
  const convert = create({
    project: {
      description: 'mine',
      start() {
        throw new Error('broken');
      },
      stop() {},
    },
  });
  convert.on('error', ({ message }) => told.push(message));
  await nextTurn();
  expect(told).toEqual(['convert: mine cannot start: broken']);
});

it('D14: of variations without a share, the first takes all, as in the SDK, and a line names the experience', async () => {
  const project = testProject();
  for (const each of project.experiences![0]!.variations!) delete each.traffic_allocation;
  project.experiences![3]!.variations![0]!.traffic_allocation = 80;
  const ids = Array.from({ length: 50 }, (_, n) => `u${n}`);
  let at = 0;
  const convert = create({ project, visitor: { id: () => ids[at] } });
  const keys = new Set<string>();
  for (; at < ids.length; at++) keys.add((await visit(convert)).runExperience('homepage-hero')!.key);
  expect([...keys]).toEqual(['original']);
  expect(logged.map(messageOf)).toEqual([
    'convert: the experience "homepage-hero" has running variations that share 200 % of the traffic, ' +
      'so that the last ones get too little; a missing `traffic_allocation` counts as 100 %',
    'convert: the experience "featured" has running variations that share 130 % of the traffic, ' +
      'so that the last ones get too little',
  ]);
});
