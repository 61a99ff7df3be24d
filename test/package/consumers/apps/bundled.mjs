/** An app that a bundler makes one file of. What it can't load, it tells. */
import { convertMiddleware } from 'convert-middleware/express';
import { geoipLite } from 'convert-middleware/geoip-lite';
import { lmdbStore } from 'convert-middleware/lmdb';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'convert-bundled-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** The project, with an experience for pages that a regular expression matches. */
function projectWithPattern() {
  const project = JSON.parse(readFileSync('project.json', 'utf8'));
  const matching = { match_type: 'regexMatches', negated: false };
  const rule = { rule_type: 'generic_text_key_value', key: 'path', value: '^/(home)?$', matching };
  project.experiences[0].site_area = { OR: [{ AND: [{ OR_WHEN: [rule] }] }] };
  return project;
}

async function main() {
  const middleware = convertMiddleware({
    project: projectWithPattern(),
    endpoints: { track: process.env.TRACK },
    store: lmdbStore(folder),
  });
  const server = createServer((req, res) =>
    middleware(req, res, () => {
      const variation = req.convert.runExperience('homepage-hero')?.key;
      res.end(JSON.stringify({ variation, browser: req.convert.visitorProperties.browser }));
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/home`, {
    headers: { 'user-agent': BROWSER, cookie: 'cv_vid=mary', connection: 'close' },
  });
  const decided = await answer.json();
  server.close();
  await middleware.convert.close();
  const geo = geoipLite({ only: 'country' });
  await geo.load();
  return { ...decided, country: geo.read({ ip: '8.8.8.8' }).country };
}

main().then(
  (found) => console.log(JSON.stringify(found)),
  (error) => console.log(JSON.stringify({ code: error.code, message: error.message })),
);
