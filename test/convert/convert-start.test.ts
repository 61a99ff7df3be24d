/** A Convert from its start: requests, jobs, the first project config, its environment, its events. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Convert } from '../../src/convert/convert.js';
import type { ConvertOptions } from '../../src/options/types.js';
import { incoming } from '../identity/support.js';
import { FakeResponse, tick, visit } from '../support/http.js';
import { messageOf } from '../support/log-lines.js';
import { testProject } from '../support/project.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

describe('what a Convert shows', () => {
  it('is its interface: no part of it can be seen or serialised', () => {
    const convert = create();
    expect(Object.keys(convert)).toEqual([]);
    expect(JSON.stringify(convert)).toBe('{}');
    for (const part of ['store', 'outbox', 'project', 'uncommitted', 'emit'])
      expect(convert).not.toHaveProperty(part);
  });
});

describe('a request that is opened', () => {
  it('asks `skip` not before its context is used', async () => {
    const asked: unknown[] = [];
    const convert = create({ skip: (request) => (asked.push(request), false) });
    const context = await convert.open(incoming({}), new FakeResponse());
    expect(asked).toHaveLength(0);
    context.runExperience('homepage-hero');
    expect(asked).toHaveLength(1);
  });
});

describe('the first project config', () => {
  let configServer: Server;
  let isUp: boolean;
  let asked: number;

  beforeEach(async () => {
    isUp = false;
    asked = 0;
    configServer = createServer((_request, response) => {
      asked += 1;
      if (isUp) response.setHeader('content-type', 'application/json').end(JSON.stringify(testProject()));
      else response.writeHead(503).end();
    });
    configServer.listen(0, '127.0.0.1');
    await once(configServer, 'listening');
  });
  afterEach(() => new Promise((resolve) => configServer.close(resolve)));

  const options = (): ConvertOptions => ({
    sdkKey: '1001/2002',
    endpoints: { config: `http://127.0.0.1:${(configServer.address() as AddressInfo).port}` },
    readyTimeout: 100,
  });

  it('is not waited for: pages are served from the first request, and decisions begin when it is there', async () => {
    const convert = create(options());
    setTimeout(() => (isUp = true), 2_000);
    const reasons = new Set<string>();
    const context = await visit(convert);
    expect(context.runExperience('homepage-hero')).toBeNull();
    expect(context.explain('homepage-hero').reason).toBe('not-ready');
    context.trackConversion('purchase');
    expect(convert.stats().delivery.reasons).toEqual({ 'not-ready': 1 });
    for (let n = 0; n < 200 && !reasons.has('bucketed'); n++) {
      const next = await visit(convert);
      reasons.add(next.explain('homepage-hero').reason);
      await sleep(50);
    }
    expect([...reasons]).toEqual(['not-ready', 'bucketed']);
    expect(asked).toBeGreaterThan(1);
    expect(logged.filter((line) => line.includes('503'))).toHaveLength(1);
    expect(logged.at(-1)).toContain('is back');
  });

  it('is waited for by the first requests, for a moment', async () => {
    isUp = true;
    const convert = create({ ...options(), readyTimeout: 10_000 });
    const opened = convert.open(incoming(), new FakeResponse());
    expect(opened).toBeInstanceOf(Promise);
    expect((await opened).runExperience('homepage-hero')).not.toBeNull();
    expect(convert.open(incoming(), new FakeResponse())).not.toBeInstanceOf(Promise);
  });

  it('is waited for by jobs', async () => {
    setTimeout(() => (isUp = true), 300);
    const convert = create(options());
    (await convert.forVisitor('job')).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions()).toHaveLength(1);
  });
});

describe('a project whose ids are numbers', () => {
  it('is decided, stored and sent as one whose ids are texts', async () => {
    const project = JSON.parse(JSON.stringify(testProject()), (key, value: unknown) => {
      if (['id', 'locations', 'audiences', 'goals'].includes(key) && typeof value === 'string')
        return Number(value);
      return value;
    }) as ReturnType<typeof testProject>;
    for (const each of project.experiences!) {
      each.locations = each.locations!.map(Number) as never;
      each.audiences = each.audiences!.map(Number) as never;
    }
    expect(typeof project.experiences![0]!.variations![0]!.id).toBe('number');
    const convert = create({ project, visitor: { id: () => 'u1' } });
    const context = await visit(convert);
    const given = {
      locationProperties: { path: '/pricing' },
      visitorProperties: { country: 'DE', device: 'mobile' },
    };
    const { id } = context.runExperience('german-pricing', given)!;
    expect(context.runFeature('checkout-button')).toMatchObject({ status: 'enabled' });
    context.trackConversion('purchase');
    await convert.flush();
    expect(collector.exposures()[0]?.data).toEqual({ experienceId: '102', variationId: id });
    expect(collector.conversions()[0]?.data).toMatchObject({ goalId: '501' });
    expect((await visit(convert)).explain('german-pricing', given).reason).toBe('sticky');
  });
});

describe('a config with parts that can not be used', () => {
  it('D1: works without them, and one line names them', async () => {
    const project = testProject();
    const broken = [null, { id: '1', key: null }, { id: '2' }, { key: 'x' }, { id: '3', key: 4 }, 'x', []];
    project.experiences!.push(...(broken as never[]));
    const convert = create({ project: project, visitor: { id: () => 'u1' } });
    expect((await visit(convert)).runExperience('homepage-hero')).not.toBeNull();
    expect(logged.map(messageOf)).toEqual([
      "convert: parts of the project config can't be used and are left out: experiences[7] is null, not an object; " +
        'experiences[8].key is null; experiences[9].key is missing; experiences[10].id is missing; ' +
        'experiences[11].key is a number; and 2 more',
    ]);
  });

  it('D10: no name in it forges a line of the log', async () => {
    const forged = 'x\r\nconvert: all is well\u001b[2J\u202e\u2028"';
    const project = testProject();
    project.audiences![0]!.key = forged;
    project.audiences![0]!.rules!.OR![0]!.AND![0]!.OR_WHEN![0] = {
      rule_type: 'generic_text_key_value',
      key: 'country',
      value: '(a+)+(?<!b)c\\1$',
      matching: { match_type: 'regexMatches', negated: false },
    };
    for (const each of project.experiences!) each.environment = forged;
    await create({ project }).ready();
    expect(logged).toHaveLength(2);
    expect(logged.join('')).toContain('x??convert: all is well?[2J??');
    expect(logged.join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

describe('the environment', () => {
  it('is told of where nothing of the project runs in it', () => {
    const elsewhere = (environment: string) => ({
      ...testProject(),
      experiences: testProject().experiences!.map((each) => ({ ...each, environment })),
    });
    create({ project: elsewhere('production') });
    expect(logged).toEqual([
      expect.stringMatching(/no experience .* environment 'staging'; it has experiences for 'production'/),
    ]);
    create({ project: elsewhere('production'), environment: 'production' });
    create();
    create({ project: { ...testProject(), experiences: [] } });
    expect(logged).toHaveLength(1);
  });
});

describe('jobs and webhooks', () => {
  it('track for a visitor who was here, and decide for one who was not', async () => {
    const convert = create();
    const context = await visit(convert);
    const { id } = context.runExperience('homepage-hero')!;
    await convert.flush();
    const known = await convert.forVisitor(context.visitorId);
    known.trackConversion('purchase');
    const stranger = await convert.forVisitor('crm-7', { properties: { utm_campaign: 'spring' } });
    expect(stranger.runExperience('spring-sale')).not.toBeNull();
    expect(stranger.consent).toBe('granted');
    await convert.flush();
    expect(collector.conversions()[0]).toMatchObject({
      visitorId: context.visitorId,
      data: { bucketingData: { 101: id } },
    });
    expect(collector.exposures().map((event) => event.visitorId)).toEqual([context.visitorId, 'crm-7']);
  });

  describe('where the app has ids of its own', () => {
    const ID = '11111111-1111-4111-8111-111111111111';
    const APP = { visitor: { id: (req: unknown) => (req as { user?: string }).user } };
    const asUser = (convert: Convert, user: string) => visit(convert, {}, undefined, { user });
    const fromCookie = (convert: Convert, id = ID) => visit(convert, { cookie: `cv_vid=${id}` });

    it('find a visitor by the id of our cookie', async () => {
      const convert = create(APP);
      const { id } = (await fromCookie(convert)).runExperience('homepage-hero')!;
      await convert.flush();
      (await convert.forVisitor(ID)).trackConversion('purchase');
      await convert.flush();
      expect(collector.conversions()[0]?.data).toEqual({ goalId: '501', bucketingData: { 101: id } });
    });

    it('A12: no event of a stranger goes out under the id of a user, and none of the user is lost', async () => {
      const convert = create(APP);
      const stranger = await fromCookie(convert, '42');
      stranger.runExperience('homepage-hero');
      stranger.trackConversion('purchase');
      await convert.flush();
      (await convert.forVisitor('42')).trackConversion('purchase');
      await convert.flush();
      const [first, second] = collector.conversions().map(({ visitorId }) => visitorId);
      expect(first).toMatch(/^[0-9a-f-]{36}$/);
      expect(second).toBe('42');
    });

    it('A12: the visitor of the app goes first, and `origin` says which one is meant', async () => {
      const convert = create(APP);
      (await fromCookie(convert)).trackConversion('purchase');
      await convert.flush();
      (await convert.forVisitor(ID, { origin: 'app' })).trackConversion('purchase');
      await convert.flush();
      expect(collector.conversions()).toHaveLength(2);
      for (const options of [{}, { origin: 'app' }, { origin: 'cookie' }] as const)
        (await convert.forVisitor(ID, options)).trackConversion('purchase');
      await convert.flush();
      // Both visitors have bought already.
      expect(collector.conversions()).toHaveLength(2);
    });

    it('A12: a consent of the cookie does not outvote a denial under the id of the app', async () => {
      const answer = { value: false };
      const convert = create({ ...APP, consent: () => answer.value });
      void (await asUser(convert, ID)).visitorId;
      await tick();
      answer.value = true;
      (await fromCookie(convert)).runExperience('homepage-hero');
      await convert.flush();
      expect((await convert.forVisitor(ID)).consent).toBe('denied');
      expect((await convert.forVisitor(ID, { origin: 'cookie' })).consent).toBe('granted');
      // The user may change their mind.
      (await asUser(convert, ID)).runExperience('homepage-hero');
      await convert.flush();
      expect((await convert.forVisitor(ID)).consent).toBe('granted');
    });
  });

  it('count nothing for nobody, and say so once', async () => {
    const convert = create();
    for (const id of [undefined, null, '']) {
      const nobody = await convert.forVisitor(id);
      expect(nobody.visitorId).toBe('');
      expect(nobody.explain('homepage-hero').reason).toBe('no-identity');
      expect(nobody.runExperience('homepage-hero')).toBeNull();
      nobody.trackConversion('purchase');
    }
    await convert.flush();
    expect(collector.requests).toHaveLength(0);
    expect(convert.stats().delivery.reasons).toEqual({ 'no-identity': 3 });
    expect(logged).toEqual([expect.stringContaining('no visitor id')]);
  });

  it('know what a request has decided that is not answered yet', async () => {
    const convert = create({ consent: () => true });
    const context = await visit(convert);
    const { id } = context.runExperience('homepage-hero')!;
    (await convert.forVisitor(context.visitorId)).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions()[0]?.data).toEqual({ goalId: '501', bucketingData: { 101: id } });
  });

  it('go by what they say of consent', async () => {
    const convert = create({ consent: () => true });
    (await convert.forVisitor('a', { consent: 'granted' })).trackConversion('purchase');
    (await convert.forVisitor('b', { consent: 'denied' })).trackConversion('purchase');
    await convert.flush();
    expect(collector.conversions().map((event) => event.visitorId)).toEqual(['a']);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });
  });
});

describe('events', () => {
  it('tell of decisions and conversions, with their reasons', async () => {
    const convert = create({ visitor: { id: () => 'u1' } });
    const seen: unknown[] = [];
    convert.on('decision', ({ experienceKey, reason, enrolled }) =>
      seen.push([experienceKey, reason, enrolled]),
    );
    convert.on('conversion', ({ goalKey, outcome }) => seen.push([goalKey, outcome]));
    const off = convert.on('decision', () => seen.push('never'));
    off();
    const context = await visit(convert);
    context.runExperience('homepage-hero');
    context.runExperience('homepage-hero');
    context.runExperience('live-only');
    context.trackConversion('purchase');
    context.trackConversion('purchase');
    context.trackConversion('unknown');
    // A conversion is told of once it is committed, and at once if it is not recorded.
    await context.committed();
    expect(seen).toEqual([
      ['homepage-hero', 'bucketed', true],
      ['homepage-hero', 'sticky', false],
      ['live-only', 'environment', false],
      ['purchase', 'already-tracked'],
      ['unknown', 'goal-not-found'],
      ['purchase', 'tracked'],
    ]);
  });

  it('tell of delivery', async () => {
    const convert = create();
    let count = 0;
    convert.on('delivered', (event) => (count += event.count));
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(count).toBe(1);
  });
});

describe('the wire', () => {
  it('is what the official SDK sends, from us', async () => {
    const convert = create({ visitor: { id: () => 'v-ü' }, geo: 'cloudflare' });
    const context = await visit(convert, { 'cf-ipcountry': 'DE', referer: 'https://www.google.com/' });
    const { id } = context.runExperience('homepage-hero')!;
    context.trackConversion('purchase', { conversionData: [{ key: 'amount', value: 10.5 }] });
    await convert.flush();
    const [request] = collector.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/track/1001/2002' });
    expect(request!.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'ConvertAgent/1.0',
    });
    expect(request!.body).toEqual({
      enrichData: true,
      accountId: '1001',
      projectId: '2002',
      source: expect.stringMatching(/^convert-middleware\/\d+\.\d+\.\d+/) as unknown,
      visitors: [
        {
          visitorId: 'v-ü',
          segments: { country: 'DE', browser: 'CH', devices: ['DESK'], source: 'search', visitorType: 'new' },
          events: [
            { eventType: 'bucketing', data: { experienceId: '101', variationId: id } },
            { eventType: 'conversion', data: { goalId: '501', bucketingData: { 101: id } } },
            {
              eventType: 'conversion',
              data: { goalId: '501', goalData: [{ key: 'amount', value: 10.5 }], bucketingData: { 101: id } },
            },
          ],
        },
      ],
    });
  });
});
