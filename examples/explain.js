/** Why a visitor gets what they get: `explain` on each reason that there is. Run: node examples/explain.js */
import { once } from 'node:events';
import { inspect } from 'node:util';
import { convertMiddleware } from 'convert-middleware/express';
import express from 'express';

const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

const is = (key, value, negated = false) => ({
  rule_type: 'generic_text_key_value',
  key,
  value,
  matching: { match_type: 'matches', negated },
});
const rules = (...all) => ({ OR: [{ AND: all.map((rule) => ({ OR_WHEN: [rule] })) }] });
const notInHero = {
  rule_type: 'bucketed_into_experience_key',
  value: 'hero',
  matching: { match_type: 'equals', negated: true },
};
const settings = { matching_options: { audiences: 'any' } };
const experience = (id, key, more) => ({
  id,
  key,
  settings,
  variations: [
    { id: `${id}1`, key: 'a' },
    { id: `${id}2`, key: 'b' },
  ],
  ...more,
});
const nobody = [{ id: '151', key: 'a', status: 'stopped' }];

const project = {
  account_id: '1',
  project: { id: '2' },
  experiences: [
    experience('10', 'hero'),
    experience('11', 'old', {}),
    experience('12', 'live', { environment: 'live' }),
    experience('13', 'pricing', { locations: ['20'] }),
    experience('14', 'pro', { audiences: ['30'] }),
    experience('15', 'full', { variations: nobody }),
    experience('16', 'empty', { variations: [] }),
    experience('17', 'spenders', { audiences: ['40'] }),
    experience('18', 'footer', { audiences: ['31'] }),
  ],
  archived_experiences: ['11'],
  locations: [{ id: '20', key: 'pricing-page', rules: rules(is('path', '/pricing')) }],
  audiences: [
    {
      id: '30',
      key: 'german-pros',
      type: 'transient',
      rules: rules(is('language', 'de'), is('plan', 'pro')),
    },
    { id: '31', key: 'not-in-hero', type: 'transient', rules: rules(notInHero) },
  ],
  segments: [{ id: '40', key: 'big-spenders', rules: null }],
};

/** A data store that never answers. */
const hanging = { get: () => new Promise(() => {}), set: () => {} };

/** How to come by each reason: what is asked for, how the visitor comes, and what the app is set to. */
const CASES = {
  bucketed: { key: 'hero' },
  sticky: { key: 'hero', before: ['hero'] },
  forced: { key: 'hero', attributes: { forceVariationId: '102' } },
  preview: { key: 'full', query: '?convert_preview=15.151' },
  'not-found': { key: 'herro' },
  archived: { key: 'old' },
  environment: { key: 'live' },
  location: { key: 'pricing' },
  audience: { key: 'pro' },
  segment: { key: 'spenders' },
  exclusion: { key: 'footer', before: ['hero'] },
  traffic: { key: 'full' },
  'no-variations': { key: 'empty' },
  consent: { key: 'hero', options: { consent: () => false } },
  bot: { key: 'hero', agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' },
  disabled: { key: 'hero', options: { skip: () => true } },
  'not-ready': { key: 'hero', options: { project: { start() {}, stop() {} }, readyTimeout: 0 } },
  'shared-page': { key: 'footer', share: { key: ['hero'], seconds: 300 } },
  'no-identity': { key: 'hero', late: true },
  'state-unavailable': { key: 'footer', cookie: 'cv_vid=known', options: { store: hanging } },
};

async function explain({
  key,
  attributes,
  before = [],
  share,
  late,
  query = '',
  agent = BROWSER,
  cookie,
  options,
}) {
  const middleware = convertMiddleware({
    project,
    logger: false,
    // Nothing of this is sent anywhere.
    endpoints: { track: 'http://127.0.0.1:9' },
    ...options,
  });
  let explanation;
  const app = express();
  app.use(middleware);
  app.get('/before', (req, res) => res.send(before.map((each) => req.convert.runExperience(each)?.key)));
  app.get('/', (req, res) => {
    if (late) res.flushHeaders();
    if (share) req.convert.share(share);
    explanation = req.convert.explain(key, attributes);
    res.end();
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${server.address().port}`;
  const headers = { 'user-agent': agent, 'accept-language': 'de', ...(cookie && { cookie }) };
  if (before.length > 0) {
    const first = await fetch(`${base}/before`, { headers });
    headers.cookie = first.headers.getSetCookie()[0].split(';')[0];
  }
  await (await fetch(base + '/' + query, { headers })).text();
  server.close();
  server.closeAllConnections();
  await middleware.convert.close({ timeout: 1 });
  return explanation;
}

for (const options of Object.values(CASES)) {
  const { variation, failed, missing, consent, ...rest } = await explain(options);
  const told = {
    ...rest,
    variation: variation && { key: variation.key },
    ...(failed.length > 0 && { failed }),
    ...(missing.length > 0 && { missing }),
    ...(consent.answer === 'denied' && { consent }),
  };
  console.log(inspect(told, { depth: 9, breakLength: 110, compact: 5 }));
}
