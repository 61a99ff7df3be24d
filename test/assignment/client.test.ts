/** The client of this package, `oursPrivacy()`, against the endpoint of this package, over the wire. */
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { assignmentRoutes } from '../../src/assignment.js';
import { nodeRoute } from '../../src/cli/node-route.js';
import type { Convert } from '../../src/convert/types.js';
import type { ProjectConfig } from '../../src/model/project-config.js';
import { oursPrivacy, type OursContext } from '../../src/ours-privacy.js';
import { listen, stop } from '../adapters/harness.js';
import { collector, collectorPerTest, create } from '../convert/setup.js';
import { FakeResponse } from '../support/http.js';
import { testProject } from '../support/project.js';
import { incoming } from '../request/incoming.js';
import { TOKEN } from './calls.js';

collectorPerTest();

/** The test project, with an experience that runs on one page, whose URL has no query. */
function project(): ProjectConfig {
  const { experiences = [], locations = [], ...others } = testProject();
  const rule = {
    rule_type: 'generic_text_key_value',
    key: 'url',
    value: 'https://shop.example/plans',
    matching: { match_type: 'equals', negated: false },
  };
  const plans = { id: '650', key: 'plans', name: 'Plans', rules: { OR: [{ AND: [{ OR_WHEN: [rule] }] }] } };
  const experience = { ...experiences[0]!, id: '150', key: 'plans-page', locations: ['650'] };
  return { ...others, experiences: [...experiences, experience], locations: [...locations, plans] };
}

let convert: Convert;
let server: ReturnType<typeof createServer>;
let endpoint: string;
beforeEach(async () => {
  convert = create({ project: project() });
  server = createServer(nodeRoute(assignmentRoutes(convert, { tokens: TOKEN })));
  endpoint = `${await listen(server)}/api/v1`;
});
afterEach(() => stop(server));

function visit(url = '/', token = TOKEN): OursContext {
  const ours = oursPrivacy({ token, trackToken: token, endpoint, timeout: 5_000, logger: false });
  return ours.open(incoming({ url, headers: { cookie: '_ours_user=v_123' } }), new FakeResponse());
}

it('assigns, explains and counts', async () => {
  const ours = visit('/?utm_campaign=spring');
  const hero = await ours.assign('homepage-hero');
  expect(hero).toMatchObject({ inExperiment: true, experimentId: '101', type: 'ab' });
  expect(await visit().assign('homepage-hero')).toEqual(hero);
  // The campaign is in the URL of the page, which the client sends.
  expect(await ours.assign('spring-sale')).toMatchObject({ inExperiment: true });
  expect(await ours.assign('nobody')).toMatchObject({ inExperiment: false });
  expect(await ours.assign('no-such-key')).toMatchObject({ inExperiment: false });
  expect(['homepage-hero', 'nobody', 'no-such-key'].map((key) => ours.explain(key).reason)).toEqual([
    'assigned',
    'not-in-experiment',
    'not-found',
  ]);
  expect(await ours.personalizations()).toEqual([]);
  const order = { properties: { amount: 49.9 }, distinctId: 'order-1' };
  expect([await ours.track('purchase', order), await ours.track('purchase', order)]).toEqual([
    'tracked',
    'tracked',
  ]);
  await convert.close();
  const exposed = collector.exposures().map(({ data }) => (data as { experienceId: string }).experienceId);
  expect(exposed).toEqual(['101', '107']);
  expect(collector.conversions().map((each) => (each.data as { goalData?: unknown }).goalData)).toEqual([
    undefined,
    [
      { key: 'amount', value: 49.9 },
      { key: 'transactionId', value: 'order-1' },
    ],
  ]);
});

it.each([
  ['/plans', true],
  ['/plans#prices', true],
  ['/plans?plan=pro', false],
])('at %s, a rule on the whole URL of /plans matches: %s', async (url, inExperiment) => {
  expect(await visit(url).assign('plans-page')).toMatchObject({ inExperiment });
});

it('reads without counting, and is refused with a wrong token', async () => {
  expect(await visit().assign('homepage-hero', { trackImpression: false })).toMatchObject({
    inExperiment: true,
  });
  const stranger = visit('/', 'exp_of_somebody_else');
  expect(await stranger.assign('homepage-hero')).toMatchObject({ inExperiment: false });
  expect(stranger.explain('homepage-hero').reason).toBe('unauthorized');
  await convert.close();
  expect(collector.exposures()).toEqual([]);
});
