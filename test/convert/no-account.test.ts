/** A project in the short form, which no account knows: what a Convert does with it. */
import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import { createConvert } from '../../src/convert/convert.js';
import type { ShortProject } from '../../src/model/short-project.js';
import type { GoalData } from '../../src/model/tracking-event.js';
import { messageOf } from '../support/log-lines.js';
import { incoming } from '../identity/support.js';
import { memoryStore } from '../../src/store/memory-store.js';
import { FakeResponse, visit } from '../support/http.js';
import { testProject } from '../support/project.js';
import { collector, collectorPerTest, create, logged } from './setup.js';

collectorPerTest();

const PROJECT: ShortProject = {
  experiences: {
    'homepage-hero': ['original', 'version-b'],
    pricing: {
      variations: { cheap: { weight: 100, features: { button: { price: 9 } } } },
      audience: 'country is DE and device is desktop',
      location: 'path is /',
    },
  },
  goals: ['purchase'],
};

const NOTHING_IS_SENT = /^convert: the project is in the short form, .* so nothing is sent: /;

/** A transport that nothing may use. */
function unused() {
  const calls: unknown[] = [];
  return {
    calls,
    agent: Object.assign(new Agent(), { addRequest: (request: unknown) => void calls.push(request) }),
  };
}

it('decides, keeps the variation, sends nothing, and says so once', async () => {
  const { calls, agent } = unused();
  const convert = create({
    project: PROJECT,
    endpoints: undefined,
    transport: agent,
    geo: () => ({ country: 'DE' }),
  });
  const first = await visit(convert);
  const { key } = first.runExperience('homepage-hero')!;
  expect(first.runFeature('button')).toMatchObject({ status: 'enabled', variables: { price: 9 } });
  const conversionData: GoalData[] = [{ key: 'amount', value: 9 }];
  expect(first.trackConversion('purchase', { conversionData })).toEqual({
    outcome: 'disabled',
    retry: false,
  });

  await first.flush();
  const next = await visit(convert, { cookie: `cv_vid=${first.visitorId}` });
  expect(next.explain('homepage-hero').reason).toBe('sticky');
  expect(next.runExperience('homepage-hero')!.key).toBe(key);
  await convert.close();
  expect(convert.stats().delivery).toMatchObject({
    disabled: 'no-account',
    ...{ accepted: 2, dropped: 2, pending: 0, reasons: { disabled: 2 }, posts: 0 },
  });
  expect(calls).toEqual([]);
  expect(logged.map(messageOf)).toEqual([
    expect.stringMatching(NOTHING_IS_SENT),
    'convert: conversions are dropped, since nothing is sent; stats().delivery.disabled tells why',
  ]);
});

it('sends to a collector of the app', async () => {
  const convert = create({ project: PROJECT });
  const context = await visit(convert);
  const { id, experienceId } = context.runExperience('homepage-hero')!;
  expect(context.trackConversion('purchase').outcome).toBe('accepted');
  await convert.flush();
  expect(convert.stats().delivery).not.toHaveProperty('disabled');
  expect(collector.exposures().map(({ data }) => data)).toEqual([{ experienceId, variationId: id }]);
  expect(collector.conversions()).toHaveLength(1);
  expect(logged).toEqual([]);
});

it('is refused at construction, with the place', () => {
  const experiences = { hero: { variations: ['a', 'b'], audience: 'city is New York' } };
  expect(() => createConvert({ project: { experiences } })).toThrow(
    'convert: option project is not a project in the short form: experiences.hero.audience is ' +
      "'city is New York'; character 13 (York): here, the line ends or goes on with 'and' or 'or'",
  );
});

it('two of them in one app are told apart by their ids, and one id for both is told once', async () => {
  const store = memoryStore();
  const pair = async (...ids: [number?, number?]): Promise<unknown[]> => {
    const [shop, outlet] = ids.map((id) =>
      create({
        project: { ...PROJECT, ...(id !== undefined && { id }) },
        store,
        visitor: { id: () => 'u1' },
      }),
    );
    const named = outlet!.mountedAs('convertOutlet');
    const outcomes: unknown[] = [];
    for (let n = 0; n < 2; n++) {
      const request = incoming({}, { raw: {}, node: {} });
      for (const each of [shop!, named]) {
        const context = await each.open(request, new FakeResponse());
        outcomes.push(context.trackConversion('purchase').outcome);
      }
      await Promise.all([shop!.flush(), outlet!.flush()]);
    }
    return outcomes;
  };
  const isTold = (): string[] => logged.filter((line) => line.includes('with the id 0'));
  expect(await pair(1, 2)).toEqual([...['accepted', 'accepted', 'already-tracked', 'already-tracked']]);
  expect(isTold()).toEqual([]);
  await pair(undefined, undefined);
  expect(isTold()).toHaveLength(1);
  expect(isTold()[0]).toContain('[CONVERT_SAME_PROJECT]');
});

it.each([
  ['a config', testProject(), true],
  ['the short form', { experiences: { old: { variations: ['a', 'b'], archived: true } } }, false],
])('says of %s which status it does not heed', (_, project, isTold) => {
  if ('account_id' in project) Object.assign(project.experiences![0]!, { status: 'archived' });
  create({ project });
  const told = logged.filter((line) => line.includes('are not active, and run all the same'));
  expect(told).toHaveLength(isTold ? 1 : 0);
  if (isTold) expect(told[0]).toContain("'homepage-hero' (archived)");
});
