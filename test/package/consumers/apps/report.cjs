/** What the apps share: their options, and asking themselves over HTTP. One line of JSON says what came back. */
const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

exports.options = () => ({
  project: JSON.parse(readFileSync(join(__dirname, 'project.json'), 'utf8')),
  endpoints: { track: process.env.TRACK },
});

/** The same options, with a project whose first experience is for pages that a regular expression matches. */
exports.withPattern = (given) => {
  const matching = { match_type: 'regexMatches', negated: false };
  const rule = { rule_type: 'generic_text_key_value', key: 'path', value: '^/(home)?$', matching };
  given.project.experiences[0].site_area = { OR: [{ AND: [{ OR_WHEN: [rule] }] }] };
  return given;
};

/** The body, and the names of the cookies that were set. */
exports.ask = async (server, cookie) => {
  if (!server.listening) await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`, {
    headers: { 'user-agent': BROWSER, ...(cookie && { cookie }) },
  });
  const cookies = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')));
  return { body: await response.text(), cookies };
};

exports.end = async (server, ...converts) => {
  server.close();
  server.closeAllConnections();
  return Promise.all(converts.map((convert) => convert.close()));
};

/** A visitor nobody knows, and one with a cookie. */
exports.report = async (server, convert) => {
  const newcomer = await exports.ask(server);
  const mary = await exports.ask(server, 'cv_vid=mary');
  const [{ delivered }] = await exports.end(server, convert);
  console.log(JSON.stringify({ newcomer, mary, delivered }));
};
