/** Parses a project config, and checks the values in it that the other parts rely on. */
import type { ProjectConfig } from '../model/project-config.js';
import { ConvertError } from '../utils/errors.js';
import { isPlainObject } from '../utils/objects.js';

type Fields = Record<string, unknown>;
type Check = (value: unknown, path: string) => string | undefined;

/** The configs that `validateProject` has returned: they are not checked a second time. */
const validated = new WeakSet<object>();

/**
 * Checks `value`, as parsed from JSON, and takes it over: it is changed and frozen in place, and returned.
 *
 * The checks are about values that would break a reader or reach a URL: `account_id` and `project.id` are digits
 * (numbers become strings), lists are lists of objects (a null list is dropped), experiences have an id and a key. Ids
 * that are numbers become strings wherever they stand: they are compared, stored and sent as strings. Unknown fields
 * stay. An entry named `__proto__`, at whatever depth, could mislead a later merge: such a config is refused.
 *
 * The result is frozen to the bottom, because parts of it (a variation's changes, a feature's variables) are handed to
 * the app at every request: one handler that edits its variation must not edit everybody's.
 *
 * @param where the source, as operators know it; stands in the error
 * @throws ConvertError `CONVERT_BAD_PROJECT`, with the path in the config (`experiences[3].id`)
 */
export function validateProject(value: unknown, where: string): ProjectConfig {
  if (isValidated(value)) return value;
  const problem = rootProblem(value);
  if (problem !== undefined) throw bad(where, problem);
  const config = value as Fields & { project: Fields };
  config.account_id = String(config.account_id);
  config.project.id = String(config.project.id);
  for (const list of Object.keys(LISTS)) {
    if (config[list] === null) delete config[list];
  }
  writeIdsAsText(config);
  if (!freeze(config)) throw bad(where, `${pathOfPrototype(config)} can be no entry of a config`);
  validated.add(config);
  return config as unknown as ProjectConfig;
}

/**
 * Validates a copy of an object that belongs to the app, and returns the copy. A config that was validated before is
 * returned as it is.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`
 */
export function adoptProject(value: unknown, where: string): ProjectConfig {
  if (isValidated(value)) return value;
  let copy: unknown;
  try {
    // The copy is made by way of JSON, since a config is JSON by nature. So getters, prototypes and functions are
    // dropped.
    copy = JSON.parse(JSON.stringify(value) ?? 'null') as unknown;
  } catch (cause) {
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} cannot be written as JSON`, { cause });
  }
  return validateProject(copy, where);
}

function rootProblem(value: unknown): string | undefined {
  if (!isPlainObject(value)) return `it is ${nameOf(value)}, not an object`;
  if (value.error) return `it is an error message: ${cleanText(value.error)}`;
  return (
    digits(value.account_id, 'account_id') ??
    object(value.project, 'project') ??
    digits((value.project as Fields).id, 'project.id') ??
    listsProblem(value, LISTS, '')
  );
}

const object: Check = (value, path) =>
  isPlainObject(value) ? undefined : `${path} is ${nameOf(value)}, not an object`;

const any: Check = () => undefined;

/** Checks an account or project id, which becomes part of a host name and of a path. */
const digits: Check = (value, path) => {
  const fits =
    typeof value === 'number' ? Number.isSafeInteger(value) && value >= 0 : /^\d{1,20}$/.test(text(value));
  return fits ? undefined : `${path} is ${nameOf(value)}; it must be digits`;
};

const experience: Check = (value, path) => {
  if (!isPlainObject(value)) return object(value, path);
  const { id, key } = value;
  if (typeof id !== 'number' && !text(id))
    return `${path}.id is ${nameOf(id)}; it must be a text or a number`;
  if (!text(key)) return `${path}.key is ${nameOf(key)}; it must be a text`;
  return listsProblem(value, EXPERIENCE_LISTS, `${path}.`);
};

/** The lists of a config, and what their entries must be. */
const LISTS: Record<string, Check> = {
  experiences: experience,
  archived_experiences: any,
  audiences: object,
  segments: object,
  locations: object,
  goals: object,
  features: object,
};

const EXPERIENCE_LISTS: Record<string, Check> = {
  variations: object,
  locations: any,
  audiences: any,
  goals: any,
};

function listsProblem(owner: Fields, lists: Record<string, Check>, prefix: string): string | undefined {
  for (const [name, check] of Object.entries(lists)) {
    const list = owner[name];
    if (list == null) continue;
    if (!Array.isArray(list)) return `${prefix}${name} is ${nameOf(list)}, not a list`;
    for (const [index, entry] of list.entries()) {
      const problem = check(entry, `${prefix}${name}[${index}]`);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** The names of lists in which each entry has an `id`; `ID_LISTS` has those of lists in which each entry is an id. */
const ENTITY_LISTS = ['experiences', 'audiences', 'segments', 'locations', 'goals', 'features', 'variations'];
const ID_LISTS = ['archived_experiences', 'locations', 'audiences', 'goals'];

function writeIdsAsText(owner: Fields): void {
  for (const name of ID_LISTS) {
    const list = owner[name];
    if (!Array.isArray(list)) continue;
    for (const [index, id] of list.entries()) if (typeof id === 'number') list[index] = String(id);
  }
  for (const name of ENTITY_LISTS) {
    const list = owner[name];
    if (!Array.isArray(list)) continue;
    for (const entity of list) {
      if (!isPlainObject(entity)) continue;
      if (typeof entity.id === 'number') entity.id = String(entity.id);
      if (name === 'experiences') writeIdsAsText(entity);
    }
  }
}

/**
 * Freezes a config with all that is in it. A list of waiting nodes takes the place of recursion, since a config may be
 * nested so deeply that recursion would overflow the stack. Returns false if an entry is named `__proto__`.
 */
function freeze(root: object): boolean {
  const waiting: object[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (Object.hasOwn(node, PROTOTYPE)) return false;
    for (const child of Object.values(node) as unknown[]) {
      if (typeof child === 'object' && child !== null && !Object.isFrozen(child)) waiting.push(child);
    }
    Object.freeze(node);
  }
  return true;
}

const PROTOTYPE = '__proto__';

/** The path of the entry named `__proto__`, such as `features[0].variables.__proto__`. */
function pathOfPrototype(root: object): string {
  const waiting: [node: object, path: string][] = [[root, '']];
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const [node, path] = step;
    if (Object.hasOwn(node, PROTOTYPE)) return path === '' ? PROTOTYPE : `${path}.${PROTOTYPE}`;
    for (const [name, child] of Object.entries(node) as [string, unknown][]) {
      if (typeof child !== 'object' || child === null) continue;
      const inside = Array.isArray(node) ? `[${name}]` : path === '' ? name : `.${name}`;
      waiting.push([child, path + inside]);
    }
  }
  return PROTOTYPE;
}

function bad(where: string, problem: string): ConvertError {
  return new ConvertError('CONVERT_BAD_PROJECT', `${where} is not a Convert project config: ${problem}`);
}

/** A message of the endpoint, made fit for a log: short, one line, and without words that could be a credential. */
function cleanText(error: unknown): string {
  const message = isPlainObject(error) ? error.message : error;
  const line = (typeof message === 'number' ? String(message) : text(message))
    .slice(0, 500)
    .replace(/[^\p{L}\p{N} .,:;'"()/_-]+/gu, ' ')
    .replace(/\S{17,}|(?=\S*\d)(?=\S*\p{L})\S{6,}/gu, '[...]')
    .replace(/\s+/g, ' ')
    .trim();
  return line.slice(0, 120) || '(no text)';
}

function isValidated(value: unknown): value is ProjectConfig {
  return isPlainObject(value) && validated.has(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The kind of a value, for messages, which must not show the value itself. */
function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The most bytes of a config, decompressed. Real configs are some hundred kilobytes. */
export const MAX_CONFIG_BYTES = 20 * 1024 * 1024;

/**
 * Parses the text of a config, and validates the config.
 *
 * @param where the source, as operators know it; stands in the error
 * @throws ConvertError `CONVERT_BAD_PROJECT`; it never quotes the text
 */
export function parseProject(body: Buffer, where: string): ProjectConfig {
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    // The message of the JSON parser quotes the text, so its error is not kept as the cause.
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} is not JSON: ${guessContent(text)}`);
  }
  return validateProject(value, where);
}

function guessContent(text: string): string {
  const start = text.trimStart();
  if (start === '') return 'it is empty';
  if (start.startsWith('<')) return 'it looks like HTML';
  return 'it is cut off or garbled';
}
