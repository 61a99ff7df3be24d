/** What a Convert makes of consent and privacy signals, in requests and jobs. */
import { describe, expect, it } from 'vitest';
import type { ProjectConfig } from '../../src/model/project-config.js';
import type { ConvertOptions } from '../../src/options/types.js';
import type { ProjectSink } from '../../src/project/types.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { tick, visit } from '../support/http.js';
import { testProject } from '../support/project.js';
import { collector, collectorPerTest, create } from './setup.js';

collectorPerTest();

describe('consent that is withdrawn', () => {
  const consent = { cookie: 'consent', granted: 'yes' };

  it('takes back a grant although no project config had arrived when it was', async () => {
    const kept = new Map<string, unknown>([
      ['1001-2002-abc', { consent: 'granted', goals: { purchase: true } }],
    ]);
    const store = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: unknown) => void kept.set(key, value),
    };
    let arrive: (config: ProjectConfig) => void = () => undefined;
    const project = {
      description: 'late',
      start: (sink: ProjectSink) => (arrive = (config) => sink.config(config)),
      stop() {},
    };
    const convert = create({ consent, store, project, readyTimeout: 0 });
    const context = await visit(convert, { cookie: 'consent=no; cv_vid=abc' });
    expect(context.consent).toBe('denied');
    arrive(testProject());
    await tick();
    await tick();
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
  });

  it('takes what is stored by a fingerprint, too: no job counts for it any more', async () => {
    const store = memoryStore();
    const visitor = { fingerprint: { secret: 'a secret of the test' } };
    const convert = create({ consent, store, visitor });
    const context = await visit(convert, { cookie: 'consent=yes' });
    context.runExperience('homepage-hero');
    await convert.flush();
    const slow = await visit(convert, { cookie: 'consent=yes' });
    slow.runExperience('featured');
    expect((await visit(convert, { cookie: 'consent=no' })).consent).toBe('denied');
    await convert.flush();
    await tick();
    expect(store.size).toBe(0);
    (await convert.forVisitor(context.visitorId)).trackConversion('purchase');
    await convert.flush();
    expect(collector.events).toHaveLength(1);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 2 });
  });

  it('F3: a job finds what is stored by a fingerprint beside ids of the app', async () => {
    const visitor = { id: () => undefined, fingerprint: { secret: 'a secret of the test' } };
    const convert = create({ consent, visitor });
    const context = await visit(convert, { cookie: 'consent=yes' });
    context.runExperience('homepage-hero');
    await convert.flush();
    expect((await convert.forVisitor(context.visitorId)).explain('homepage-hero').reason).toBe('sticky');
  });

  it('is not brought back by a request that goes on after it, with what it decides then', async () => {
    const convert = create({ consent });
    const stream = await visit(convert, { cookie: 'consent=yes; cv_vid=abc' });
    stream.runExperience('homepage-hero');
    await convert.flush();
    expect((await visit(convert, { cookie: 'consent=no; cv_vid=abc' })).consent).toBe('denied');
    stream.runExperience('featured');
    stream.trackConversion('purchase');
    await convert.flush();
    expect(collector.events).toHaveLength(1);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 2 });
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
  });

  it('is not brought back by a request of the visitor that is under way', async () => {
    const convert = create({ consent });
    const slow = await visit(convert, { cookie: 'consent=yes; cv_vid=abc' });
    slow.runExperience('homepage-hero');
    expect((await visit(convert, { cookie: 'consent=no; cv_vid=abc' })).consent).toBe('denied');
    await convert.flush();
    expect((await convert.forVisitor('abc')).consent).toBe('unknown');
    expect(collector.requests).toHaveLength(0);
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });
  });
});

describe('privacy signals', () => {
  const gpc = { 'sec-gpc': '1' };
  const projectWith = (settings: Record<string, unknown>): ProjectConfig => {
    const project = testProject();
    return { ...project, project: { ...project.project, settings } };
  };
  const everywhere = projectWith({ global_privacy_control: 'Worldwide' });
  const regional = projectWith({ global_privacy_control: 'EU ONLY' });
  const user = { visitor: { id: () => 'user-7' } };

  it('are nothing to a project that does not say so', async () => {
    const context = await visit(create(), gpc);
    expect(context.consent).toBe('granted');
    expect(context.runExperience('homepage-hero')).not.toBeNull();
  });

  it('deny without any consent configured; nothing is stored or sent', async () => {
    const store = memoryStore();
    const convert = create({ project: everywhere, store });
    const context = await visit(convert, { ...gpc, cookie: 'cv_vid=abc' });
    expect(context.runExperience('homepage-hero')).toBeNull();
    context.trackConversion('purchase');
    expect(context.visitorId).toBe('');
    expect(context.explain('homepage-hero')).toMatchObject({
      reason: 'consent',
      consent: { answer: 'denied', by: 'Sec-GPC' },
    });
    await convert.flush();
    expect(store.size).toBe(0);
    expect(collector.requests).toHaveLength(0);
  });

  it('delete what a cookie visitor had', async () => {
    const store = memoryStore();
    const convert = create({ project: everywhere, store });
    (await visit(convert, { cookie: 'cv_vid=abc' })).runExperience('homepage-hero');
    await convert.flush();
    expect(store.size).toBe(1);
    expect((await visit(convert, { ...gpc, cookie: 'cv_vid=abc' })).consent).toBe('denied');
    await tick();
    expect(store.size).toBe(0);
  });

  it('go by the country of the visitor, which the option geo tells', async () => {
    const convert = create({ project: regional, geo: 'cloudflare' });
    const from = async (country?: string) =>
      (await visit(convert, { ...gpc, ...(country && { 'cf-ipcountry': country }) })).consent;
    expect(await from('DE')).toBe('denied');
    expect(await from('us')).toBe('granted');
    expect(await from('XX')).toBe('denied');
    expect(await from()).toBe('denied');
  });

  it('delete nothing where the country of the visitor is not known, and may be the next time', async () => {
    const store = memoryStore();
    const convert = create({ project: regional, geo: 'cloudflare', store });
    const cookie = { cookie: 'cv_vid=abc' };
    const from = async (country?: string) => {
      const context = await visit(convert, {
        ...gpc,
        ...cookie,
        ...(country && { 'cf-ipcountry': country }),
      });
      const shown = context.runExperience('homepage-hero');
      await convert.flush();
      return { consent: context.consent, isShown: shown !== null, states: store.size };
    };
    expect(await from('US')).toEqual({ consent: 'granted', isShown: true, states: 1 });
    expect(await from()).toEqual({ consent: 'denied', isShown: false, states: 1 });
    expect(await from('US')).toEqual({ consent: 'granted', isShown: true, states: 1 });
    expect(await from('DE')).toEqual({ consent: 'denied', isShown: false, states: 0 });
  });

  it('leave open what the visitor says while no project config is there: nothing is deleted', async () => {
    const store = memoryStore();
    let arrive: (config: ProjectConfig) => void = () => undefined;
    const project = {
      description: 'late',
      start: (sink: ProjectSink) => (arrive = (config) => sink.config(config)),
      stop() {},
    };
    store.commit('1001-2002-abc', { goals: ['purchase'] }, { ephemeral: false });
    const convert = create({ store, project, readyTimeout: 0, consent: () => true });
    const early = await visit(convert, { ...gpc, cookie: 'cv_vid=abc' });
    expect(early.explain('homepage-hero').consent).toEqual({ answer: 'unknown', by: 'Sec-GPC' });
    expect(early.visitorId).toBe('');
    arrive(everywhere);
    await tick();
    expect(early.consent).toBe('unknown');
    expect(store.size).toBe(1);
    expect((await visit(convert, gpc)).consent).toBe('denied');
  });

  it('are those of the project config that is in force', async () => {
    let sink: ProjectSink | undefined;
    const project = {
      description: 'changing',
      start(to: ProjectSink) {
        sink = to;
        to.config(projectWith({ global_privacy_control: 'OFF' }));
      },
      stop() {},
    };
    const convert = create({ project });
    expect((await visit(convert, gpc)).consent).toBe('granted');
    sink?.config(everywhere);
    expect((await visit(convert, gpc)).consent).toBe('denied');
  });

  it('hold for jobs of a user, until a request of theirs carries none', async () => {
    const convert = create({ project: everywhere, ...user });
    const job = async (): Promise<string> => {
      const { answer, by } = (await convert.forVisitor('user-7')).explain('homepage-hero').consent;
      return `${answer} by ${by}`;
    };
    expect(await job()).toBe('granted by none');
    expect((await visit(convert, gpc)).consent).toBe('denied');
    await tick();
    expect(await job()).toBe('denied by stored');
    (await convert.forVisitor('user-7')).trackConversion('purchase');
    // What one job says is its own affair.
    const said = await convert.forVisitor('user-7', { consent: 'granted' });
    expect(said.explain('homepage-hero').consent).toEqual({ answer: 'granted', by: 'forVisitor' });
    said.runExperience('featured');
    await convert.flush();
    expect(await job()).toBe('denied by stored');
    expect(convert.stats().delivery.reasons).toEqual({ consent: 1 });

    const back = await visit(convert);
    expect(back.consent).toBe('granted');
    back.runExperience('homepage-hero');
    await convert.flush();
    expect(await job()).toBe('granted by none');
  });

  it('take back a grant for jobs, where consent is configured', async () => {
    const convert = create({ project: everywhere, ...user, consent: () => true });
    const job = async () => (await convert.forVisitor('user-7')).explain('homepage-hero').consent;
    (await visit(convert)).runExperience('homepage-hero');
    await convert.flush();
    expect(await job()).toEqual({ answer: 'granted', by: 'stored' });
    expect((await visit(convert, gpc)).consent).toBe('denied');
    await tick();
    expect(await job()).toEqual({ answer: 'unknown', by: 'none' });
  });

  it.each(['silent', 'hold'] as const)('are a denial with the mode %s, too', async (mode) => {
    const consent = { resolve: () => undefined, mode };
    const convert = create({ project: everywhere, ...user, consent });
    const held = await visit(convert);
    held.runExperience('homepage-hero');
    await convert.flush();
    const denied = await visit(convert, gpc);
    expect(denied.runExperience('homepage-hero') === null).toBe(mode === 'hold');
    expect(denied.consent).toBe('denied');
    await convert.flush();
    await tick();
    expect(collector.requests).toHaveLength(0);
    // What was held of the visitor is gone.
    expect(convert.stats().delivery.reasons).toEqual(mode === 'hold' ? { consent: 1 } : {});
  });

  it('never count where the app says so, but for the opt-out that is Convert’s own', async () => {
    const convert = create({ project: everywhere, privacySignals: 'never' });
    expect((await visit(convert, gpc)).consent).toBe('granted');
    const opted = await visit(convert, { cookie: '_conv_prevent_tracking=true' });
    expect(opted.explain('homepage-hero').consent).toEqual({
      answer: 'denied',
      by: '_conv_prevent_tracking',
    });
  });
});

describe('who has answered', () => {
  const by = async (options: ConvertOptions, headers: Record<string, string> = {}): Promise<string> => {
    const { consent } = (await visit(create(options), headers)).explain('homepage-hero');
    return `${consent.answer} by ${consent.by}`;
  };

  it('is told by explain, for every reason', async () => {
    expect(await by({})).toBe('granted by none');
    expect(await by({ consent: () => true })).toBe('granted by function');
    expect(await by({ consent: () => undefined })).toBe('unknown by none');
    const cookie = { cookie: 'c', granted: 'y' };
    expect(await by({ consent: cookie }, { cookie: 'c=n' })).toBe('denied by cookie');
    expect(await by({ consent: 'cookiebot' }, { cookie: 'CookieConsent=-1' })).toBe('granted by cookiebot');
    expect(await by({ consent: () => true }, { 'user-agent': '' })).toBe('unknown by none');
    expect(await by({ consent: () => true, skip: () => true })).toBe('unknown by none');
  });
});
