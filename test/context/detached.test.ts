/** All public methods work without their object: of contexts of requests and of jobs, and of a Convert. */
/* eslint-disable @typescript-eslint/unbound-method -- what the tests are about */
import { describe, expect, it } from 'vitest';
import { CONTEXT_MEMBERS } from '../../src/context/members.js';
import type { ConvertContext, VisitorContext } from '../../src/context/types.js';
import { testConvert } from '../../src/testing.js';
import { collector, collectorPerTest, create } from '../convert/setup.js';
import { incoming } from '../identity/support.js';
import { FakeResponse } from '../support/http.js';

collectorPerTest();

type Methods = Readonly<Record<string, (...given: unknown[]) => unknown>>;

/** What is given to the methods that need something; the others are called without arguments. */
const GIVEN: Readonly<Record<string, readonly unknown[]>> = {
  runExperience: ['homepage-hero'],
  peek: ['homepage-hero'],
  explain: ['homepage-hero'],
  runFeature: ['checkout-button'],
  trackConversion: ['purchase'],
  setDefaultSegments: [{ country: 'DE' }],
  runCustomSegments: ['big-spenders', { ruleData: { spent: 'lots' } }],
  updateVisitorProperties: [{ plan: 'pro' }],
  getConfigEntity: ['homepage-hero', 'experience'],
  getConfigEntityById: ['101', 'experience'],
  identify: ['ann'],
};

const methodsIn = (context: VisitorContext): string[] =>
  CONTEXT_MEMBERS.filter((name) => typeof (context as unknown as Methods)[name] === 'function');

async function callAll(context: VisitorContext, isDetached: boolean): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const name of methodsIn(context)) {
    const given = GIVEN[name] ?? [];
    const { [name]: method } = context as unknown as Methods;
    const answer = isDetached ? method!(...given) : (context as unknown as Methods)[name]!(...given);
    answers[name] = await Promise.resolve(answer);
  }
  return answers;
}

async function openRequest(): Promise<ConvertContext> {
  return create().open(incoming({ cookie: 'cv_vid=a-visitor-who-returns' }), new FakeResponse());
}

describe('methods without their object', () => {
  it('B4: of the context of a request', async () => {
    const attached = await callAll(await openRequest(), false);
    const detached = await callAll(await openRequest(), true);
    expect(Object.keys(detached).length).toBeGreaterThan(15);
    // The ledgers hold times.
    for (const each of [attached, detached]) for (const name of ['flush', 'releaseQueues']) delete each[name];
    expect(detached).toEqual(attached);
    expect(detached.runExperience).toMatchObject({ experienceKey: 'homepage-hero' });
  });

  it('B4: of the context of a job', async () => {
    const convert = create();
    const { forVisitor, flush } = convert;
    const detached = await callAll(await forVisitor('u1'), true);
    const attached = await callAll(await create().forVisitor('u1'), false);
    for (const each of [attached, detached]) for (const name of ['flush', 'releaseQueues']) delete each[name];
    expect(detached).toEqual(attached);
    await flush();
    expect(collector.conversions().length).toBeGreaterThan(0);
  });

  it('B4: of the context of a test double', async () => {
    const { open, answer, exposures } = testConvert({ 'homepage-hero': 'version-b' });
    const { runExperience } = await open(incoming(), new FakeResponse());
    expect([runExperience('homepage-hero')?.key, exposures]).toEqual(['version-b', []]);
    expect(() => answer('homepage-hero', null)).not.toThrow();
  });

  it('B4: of a Convert', async () => {
    const convert = create({ secrets: 'a secret of sixteen characters' });
    await convert.ready();
    // Those are for the classes that extend a Convert's.
    const inner = ['stop', 'openWith'];
    const names = Object.getOwnPropertyNames(convert).filter(
      (name) => !inner.includes(name) && typeof (convert as unknown as Methods)[name] === 'function',
    );
    expect(names).toEqual(
      expect.arrayContaining([
        'ready',
        'open',
        'openNow',
        'forVisitor',
        'forget',
        'flush',
        'close',
        'closeWith',
      ]),
    );
    const given: Readonly<Record<string, readonly unknown[]>> = {
      open: [incoming(), new FakeResponse()],
      openNow: [incoming(), new FakeResponse()],
      forVisitor: ['u1'],
      forget: ['u1'],
      previewLink: [
        '/',
        { variations: { 'homepage-hero': 'version-b' }, expires: new Date(Date.now() + 60_000) },
      ],
      on: ['error', () => undefined],
      closeWith: [{ on: () => undefined, once: () => undefined, close: () => undefined }],
    };
    for (const name of [...names.filter((each) => each !== 'close'), 'close']) {
      const { [name]: method } = convert as unknown as Methods;
      await method!(...(given[name] ?? []));
    }
  });
});
