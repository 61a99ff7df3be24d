/**
 * Answers rules without a key, which the Convert UI makes for web projects. One table has the fact for each rule type.
 * The types and their values are those of Convert's config schema (`types.gen.d.ts` in the official SDK). The facts are
 * those that Convert's tracking script compares (`cdn-4.convertexperiments.com/v1/js/`, version 1), as far as a server
 * knows them.
 *
 * The table lacks the types of which a server does not know the fact: `weather_condition`, `js_condition`,
 * `visitor_data_exists` and `local_time_*`, and the counts that the script keeps in its own cookie: `avg_time_page`,
 * `visit_duration`, `visits_count`, `pages_visited_count`, `days_since_last_visit`.
 */
import type { ProjectConfig, Rule } from '../../model/project-config.js';
import { ownValue } from '../../utils/objects.js';
import { textOf } from '../coerce.js';
import { noSource } from './compile-rules.js';
import { ABSENT } from './property-names.js';
import type { RuleSource, RuleValues, WebRules } from './types.js';

type Read = RuleSource['read'];

/** The parts of the project that the facts depend on. */
interface Project {
  /** Seconds that the project's clock is ahead of UTC; NaN if the config doesn't say. */
  readonly utcOffset: number;
  /** The keys and ids of the goals: visitor state names a goal by its key, and rules name a goal by its id. */
  readonly goals: readonly { readonly key: string; readonly id: unknown }[];
  /** Ids of the experiences that count for `bucketed_into_experience`: neither deploys nor archived ones. */
  readonly experiments: ReadonlySet<string>;
}

/** Makes the source for a rule of a type that needs more than the type; undefined if the rule can't be answered. */
type Answer = (rule: Rule, project: Project) => RuleSource | undefined;

const ANSWERS: ReadonlyMap<string, RuleSource | Answer> = new Map<string, RuleSource | Answer>([
  // Facts about the page.
  ['url', (rule) => fact('url', mapped(location('url'), pageUrl(rule, false)))],
  ['url_with_query', (rule) => fact('url', mapped(location('url'), pageUrl(rule, true)))],
  ['query_string', fact('query', location('query'))],
  ...['page_type', 'category_id', 'category_name'].map(pageTag),
  ...['product_sku', 'product_name', 'product_price', 'customer_id'].map(pageTag),
  ...['custom_1', 'custom_2', 'custom_3', 'custom_4'].map(pageTag),

  // Facts about how the visitor came to the site, with the first request of the session.
  ['campaign', fact('campaign', visitor('campaign'))],
  ['keyword', fact('keyword', visitor('keyword'))],
  ['medium', fact('medium', visitor('medium'))],
  ['source_name', fact('sourceName', visitor('sourceName'))],

  // Facts about the visitor.
  ['country', fact('country', visitor('country'))],
  ['region', fact('region', visitor('region'))],
  ['city', fact('city', visitor('city'))],
  ['language', fact('language', mapped(visitor('language'), languageCode))],
  ['browser_name', fact('browser', mapped(visitor('browser'), browserName))],
  ['browser_version', fact('browserVersion', mapped(visitor('browserVersion'), versionNumber))],
  ['os', fact('os', systemName)],
  ['user_agent', fact('userAgent', visitor('userAgent'))],
  ['is_desktop', fact('desktop', visitor('desktop'))],
  ['is_mobile', fact('mobile', visitor('mobile'))],
  ['is_tablet', fact('tablet', visitor('tablet'))],
  ['visitor_type', fact('visitorType', visitor('visitorType'))],
  ['visitor_id', visitorId],
  ['cookie', ({ key }) => (typeof key === 'string' ? fact(key, cookie(key)) : undefined)],

  // Facts from the visitor's state. A set is an object whose keys are the members, since `equals` looks for a key in an
  // object.
  ['goal_triggered', (_rule, project) => stored('goal_triggered', triggered(project))],
  ['bucketed_into_segment', stored('bucketed_into_segment', customSegments)],
  ['bucketed_into_experience', (_rule, project) => stored('bucketed_into_experience', inOther(project))],

  // Facts about the time: Monday is 1, Sunday 7.
  ['project_time_day_of_week', time((seconds) => modulo(Math.floor(seconds / 86_400) + 3, 7) + 1)],
  ['project_time_hour_of_day', time((seconds) => modulo(Math.floor(seconds / 3_600), 24))],
  ['project_time_minute_of_hour', time((seconds) => modulo(Math.floor(seconds / 60), 60))],
]);

/**
 * Returns a function that finds the source of the value for rules without a key and for `cookie` rules. It returns
 * undefined for all other rules, which read properties.
 */
export function webRulesOf({ project: { utc_offset: offset }, ...config }: ProjectConfig): WebRules {
  const archived = new Set((config.archived_experiences ?? []).map(textOf));
  const experiments = (config.experiences ?? []).filter(
    ({ id, type }) => type !== 'deploy' && !archived.has(textOf(id)),
  );
  const isOffset = typeof offset === 'number' || (typeof offset === 'string' && offset.trim() !== '');
  const project: Project = {
    utcOffset: isOffset ? Number(offset) : NaN,
    goals: (config.goals ?? []).map(({ key, id }) => ({ key: textOf(key), id })),
    experiments: new Set(experiments.map(({ id }) => textOf(id))),
  };
  return (rule) => {
    if (typeof rule.key === 'string' && rule.rule_type !== 'cookie') return undefined;
    const answer = ANSWERS.get(rule.rule_type ?? '');
    return (typeof answer === 'function' ? answer(rule, project) : answer) ?? noSource(rule);
  };
}

/** Makes a source that reads a fact of the request. */
function fact(property: string, read: Read): RuleSource {
  return { property, read, volatile: false, readsState: false, supported: true };
}

/** Makes a source that reads the visitor's state, which may change while the request stays the same. */
function stored(property: string, read: Read): RuleSource {
  return { ...fact(property, read), volatile: true, readsState: true };
}

function time(part: (seconds: number) => number): Answer {
  return ({ rule_type: type }, { utcOffset }) => {
    // Convert's tracking script adds an hour if the visitor's own clock is on summer time, which a server can't see.
    const read: Read = ({ input }) => {
      const seconds = (input.subject.now?.() ?? NaN) / 1000 + utcOffset;
      return Number.isFinite(seconds) ? part(seconds) : ABSENT;
    };
    return { ...fact(type!, read), volatile: true };
  };
}

function modulo(value: number, base: number): number {
  return ((value % base) + base) % base;
}

function visitor(name: string): Read {
  return ({ input }) => input.visitor.named(name);
}

function location(name: string): Read {
  return ({ input }) => input.location.named(name);
}

/**
 * Makes the table entry for a page tag: a property of the page, which the app gives as a location property or as a
 * visitor property.
 */
function pageTag(tag: string): [type: string, RuleSource] {
  const name = `page_tag_${tag}`;
  return [name, fact(name, either(location(name), visitor(name)))];
}

/** Applies `change` to a value that is text. Other values are compared as they are. */
function mapped(read: Read, change: (text: string) => unknown): Read {
  return (values) => {
    const value = read(values);
    return typeof value === 'string' ? change(value) : value;
  };
}

/** Reads the first value; if it is absent or empty, reads the second one. */
function either(first: Read, second: Read): Read {
  return (values) => {
    const value = first(values);
    return value === ABSENT || value === '' ? second(values) : value;
  };
}

/**
 * Returns a function that makes the text to compare from the URL of the page. The text has no fragment, and has the
 * query only if the rule is about the query. As in Convert's tracking script, the page gets a slash at its end or loses
 * it, so that it ends like the URL in the rule.
 */
function pageUrl({ value, matching }: Rule, withQuery: boolean): (url: string) => string {
  const slash = matching?.match_type === 'regexMatches' ? undefined : endsInSlash(value);
  return (url) => {
    const end = url.search(/[?#]/);
    const page = end < 0 ? url : url.slice(0, end);
    const query = end >= 0 && withQuery ? url.slice(end).split('#', 1)[0]! : '';
    if (slash === undefined || slash === page.endsWith('/')) return page + query;
    return (slash ? `${page}/` : page.slice(0, -1)) + query;
  };
}

function endsInSlash(url: unknown): boolean | undefined {
  if (typeof url !== 'string' || !url.startsWith('http')) return undefined;
  try {
    return new URL(url).pathname.endsWith('/');
  } catch {
    return undefined;
  }
}

function languageCode(tag: string): string {
  return tag.split('-', 1)[0]!;
}

/**
 * The names of browsers in Convert's rules, by the property `browser` in lower case, in either vocabulary (`readable`
 * or `convert`). A browser that is not in the table keeps its name.
 */
const BROWSER_NAMES: ReadonlyMap<string, string> = new Map([
  ['ch', 'chrome'],
  ['edg', 'microsoft_edge'],
  ['edge', 'microsoft_edge'],
  ['ff', 'firefox'],
  ['ie', 'microsoft_ie'],
  ['mo', 'mozilla'],
  ['netscape', 'mozilla'],
  ['ns', 'mozilla'],
  ['op', 'opera'],
  ['oth', 'other'],
  ['sf', 'safari'],
]);

function browserName(browser: string): string {
  const name = browser.toLowerCase();
  return BROWSER_NAMES.get(name) ?? name;
}

/** Writes the version `126` as `126.0`, as Convert's tracking script does. */
function versionNumber(version: string): string {
  const number = parseFloat(version);
  return Number.isInteger(number) ? `${number}.0` : Number.isNaN(number) ? version : String(number);
}

const SYSTEM = {
  os: visitor('os'),
  device: visitor('device'),
  tablet: visitor('tablet'),
  userAgent: visitor('userAgent'),
};

function systemName(values: RuleValues): unknown {
  const os = SYSTEM.os(values);
  const name = typeof os === 'string' ? os.toLowerCase() : os;
  if (name === 'chrome os') return 'linux';
  if (name !== 'ios') return name;
  // The property `device` of a bot is `bot`, so the property `tablet` is read too.
  if (SYSTEM.device(values) === 'tablet' || SYSTEM.tablet(values) === true) return 'ipad';
  const userAgent = SYSTEM.userAgent(values);
  return typeof userAgent === 'string' && userAgent.includes('iPod') ? 'ipod' : 'iphone';
}

/**
 * The values of a `visitor_id` rule that ask whether the site itself gave the id. The engine does not know who gave the
 * id, so it can't answer such a rule.
 */
const TRUTHS: ReadonlySet<unknown> = new Set(['', '0', 'true', 'false', 0, true, false]);

function visitorId({ value }: Rule): RuleSource | undefined {
  if (TRUTHS.has(typeof value === 'string' ? value.trim().toLowerCase() : value)) return undefined;
  return fact('visitor_id', ({ input }) => input.subject.id);
}

/**
 * Reads a cookie of the request. A missing cookie is `null`, as in Convert's tracking script. "does not contain"
 * matches then; Convert's help uses that to exclude visitors of another experience. If there is no request, a property
 * with the cookie's name is read.
 */
function cookie(name: string): Read {
  return (values) => {
    const { cookies } = values.input.subject;
    return cookies === undefined ? values.named(name) : (cookies.get(name) ?? null);
  };
}

function triggered({ goals }: Project): Read {
  return ({ input: { subject } }) =>
    setOf(goals.filter(({ key }) => ownValue(subject.state.goals, key)).map(({ id }) => id));
}

function customSegments({ input }: RuleValues): unknown {
  return setOf(input.state.customSegments);
}

/** Reads whether the visitor is in an experience other than the one that is being decided. */
function inOther({ experiments }: Project): Read {
  return ({ input }) => input.state.isInOther((id) => experiments.has(id));
}

/** Makes a set of ids. A store may hold any values; a value that is not text is left out. */
function setOf(ids: readonly unknown[]): Readonly<Record<string, true>> {
  return Object.fromEntries(ids.filter((id) => typeof id === 'string').map((id) => [id, true]));
}
