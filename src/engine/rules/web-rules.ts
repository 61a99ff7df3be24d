/**
 * Rules without a key, which the Convert UI makes for web projects: one table, rule type to fact. The types and
 * their values are those of Convert's config schema (`types.gen.d.ts` in the official SDK); the facts are those
 * that Convert's tracking script compares (`cdn-4.convertexperiments.com/v1/js/`, version 1), as far as a server
 * knows them.
 *
 * Not in the table, since no server knows them: `weather_condition`, `js_condition`, `visitor_data_exists`,
 * `local_time_*`, and what the script counts in its own cookie: `avg_time_page`, `visit_duration`, `visits_count`,
 * `pages_visited_count`, `days_since_last_visit`.
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
  /** Seconds that the project's clock is ahead of UTC; NaN where the config doesn't say. */
  readonly utcOffset: number;
  /** Goals are stored by their keys, and rules name them by their ids. */
  readonly goals: readonly { readonly key: string; readonly id: unknown }[];
  /** Ids of the experiences that one can be bucketed into. */
  readonly experiments: ReadonlySet<string>;
}

/** Makes the source for a rule, which depends on more than its type; undefined for a rule that can't be answered. */
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

  // Facts from the visitor's state. Sets are objects: `equals` asks for one of their keys.
  ['goal_triggered', (_rule, project) => stored('goal_triggered', triggered(project))],
  ['bucketed_into_segment', stored('bucketed_into_segment', customSegments)],
  ['bucketed_into_experience', (_rule, project) => stored('bucketed_into_experience', inOther(project))],

  // Facts about the time: Monday is 1, Sunday 7.
  ['project_time_day_of_week', time((seconds) => modulo(Math.floor(seconds / 86_400) + 3, 7) + 1)],
  ['project_time_hour_of_day', time((seconds) => modulo(Math.floor(seconds / 3_600), 24))],
  ['project_time_minute_of_hour', time((seconds) => modulo(Math.floor(seconds / 60), 60))],
]);

/** Answers the rules of a project; those with a key, but for `cookie` rules, are left to the properties. */
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

/** A fact of the request. */
function fact(property: string, read: Read): RuleSource {
  return { property, read, volatile: false, readsState: false, supported: true };
}

/** A fact of what is stored of the visitor, which moves on while the request stays what it is. */
function stored(property: string, read: Read): RuleSource {
  return { ...fact(property, read), volatile: true, readsState: true };
}

function time(part: (seconds: number) => number): Answer {
  return ({ rule_type: type }, { utcOffset }) => {
    // The script adds an hour if the visitor's own clock is on summer time, which a server can't see.
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

/** A property that the app gives of its page, with the page or with the visitor. */
function pageTag(tag: string): [type: string, RuleSource] {
  const name = `page_tag_${tag}`;
  return [name, fact(name, either(location(name), visitor(name)))];
}

/** Changes a text; other values are compared as they are. */
function mapped(read: Read, change: (text: string) => unknown): Read {
  return (values) => {
    const value = read(values);
    return typeof value === 'string' ? change(value) : value;
  };
}

/** The first that is there and not empty. */
function either(first: Read, second: Read): Read {
  return (values) => {
    const value = first(values);
    return value === ABSENT || value === '' ? second(values) : value;
  };
}

/**
 * The URL without its fragment, and without its query if the rule is not about the query. As in the script, the page is
 * written with a slash at its end or without one, just as the rule writes its URL.
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
 * Names of browsers by the property `browser` in either vocabulary, in lower case. A browser that is not in the table
 * keeps its name.
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

/** `126` as `126.0`: the script writes it so. */
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
  // `device` of a bot is `bot`.
  if (SYSTEM.device(values) === 'tablet' || SYSTEM.tablet(values) === true) return 'ipad';
  const userAgent = SYSTEM.userAgent(values);
  return typeof userAgent === 'string' && userAgent.includes('iPod') ? 'ipod' : 'iphone';
}

/** A rule with one of these asks whether the site itself gave the id, which is not told here. */
const TRUTHS: ReadonlySet<unknown> = new Set(['', '0', 'true', 'false', 0, true, false]);

function visitorId({ value }: Rule): RuleSource | undefined {
  if (TRUTHS.has(typeof value === 'string' ? value.trim().toLowerCase() : value)) return undefined;
  return fact('visitor_id', ({ input }) => input.subject.id);
}

/**
 * A cookie of the request. A missing cookie is `null`, as in the script: "does not contain" holds then, which is how
 * Convert's help excludes visitors of another experience. If there is no request, a property of that name is read.
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

/** Whether the visitor is in another experience: the one that is being decided does not count. */
function inOther({ experiments }: Project): Read {
  return ({ input }) => input.state.isInOther((id) => experiments.has(id));
}

/** Ids are texts; what else a store may hold is no member. */
function setOf(ids: readonly unknown[]): Readonly<Record<string, true>> {
  return Object.fromEntries(ids.filter((id) => typeof id === 'string').map((id) => [id, true]));
}
