/** Parses a project config, and checks the values in it that the other parts rely on. */
import type { ProjectConfig } from '../model/project-config.js';
import { cleanText } from '../utils/clean-text.js';
import { ConvertError } from '../utils/errors.js';
import { textOf } from '../utils/node/bytes.js';
import { isPlainObject } from '../utils/objects.js';
import { keepUsable, kindOf } from './config-entities.js';
import { assertWithinLimits, type ConfigLimits } from './config-limits.js';
import { expanded } from './short-form/expand.js';
import { formOf } from './short-form/form.js';

type Fields = Record<string, unknown>;

/** The configs that `validateProject` has returned, each with the entities that were left out. */
const validated = new WeakMap<object, readonly string[]>();

/**
 * Checks `value`, as parsed from JSON, and takes it over: it is changed and frozen in place, and returned.
 *
 * The checks are about values that would break a reader or reach a URL: `account_id` and `project.id` are digits
 * (numbers become strings), lists are lists (a null list is dropped). An entity that can't be used is left out, and the
 * rest of the config works (see `keepUsable`). Ids that are numbers become strings wherever they stand: they are
 * compared, stored and sent as strings. Unknown fields are dropped. An entry named `__proto__`, at whatever depth,
 * could mislead a later merge: such a config is refused.
 *
 * The result is frozen to the bottom, because parts of it (a variation's changes, a feature's variables) are handed to
 * the app at every request: one handler that edits its variation must not edit everybody's.
 *
 * @param where the source, as operators know it; stands in the error
 * @throws ConvertError `CONVERT_BAD_PROJECT`, with the path in the config (`project.id`)
 */
export function validateProject(value: unknown, where: string): ProjectConfig {
  if (isValidated(value)) return value;
  const problem = rootProblem(value);
  if (problem !== undefined) throw bad(where, problem);
  const config = value as Fields & { project: Fields };
  config.account_id = String(config.account_id);
  config.project.id = String(config.project.id);
  const prototype = pathOfPrototype(config);
  if (prototype !== undefined) throw bad(where, `${prototype} can be no entry of a config`);
  const usable = keepUsable(config);
  if ('problem' in usable) throw bad(where, usable.problem);
  freeze(config);
  validated.set(config, usable.leftOut);
  return config as unknown as ProjectConfig;
}

/**
 * The entities of a validated config that were left out because they can't be used: a sentence for each, such as
 * `experiences[3].key is null`. Empty if there are none.
 */
export function leftOut(config: ProjectConfig): readonly string[] {
  return validated.get(config) ?? [];
}

/**
 * Validates a project that somebody has written, or saved: it may be in the short form. It is changed in place.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`
 */
function validateWritten(value: unknown, where: string): ProjectConfig {
  if (!isPlainObject(value)) return validateProject(value, where);
  const form = formOf(value);
  if (typeof form === 'object')
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} is not a project: ${form.problem}`);
  return validateProject(form === 'short' ? expanded(value, where) : value, where);
}

/**
 * Validates a copy of an object that belongs to the app, and returns the copy. The object may be in the short form. A
 * config that was validated before is returned as it is.
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
  return validateWritten(copy, where);
}

function rootProblem(value: unknown): string | undefined {
  if (!isPlainObject(value)) return `it is ${kindOf(value)}, not an object`;
  if (value.error) return `it is an error message: ${messageOf(value.error)}`;
  if (!isPlainObject(value.project)) {
    return idProblem(value.account_id, 'account_id') ?? `project is ${kindOf(value.project)}, not an object`;
  }
  return idProblem(value.account_id, 'account_id') ?? idProblem(value.project.id, 'project.id');
}

/** Checks an account or project id, which becomes part of a host name and of a path. */
function idProblem(value: unknown, path: string): string | undefined {
  const fits =
    typeof value === 'number' ? Number.isSafeInteger(value) && value >= 0 : /^\d{1,20}$/.test(text(value));
  return fits ? undefined : `${path} is ${kindOf(value)}; it must be digits`;
}

/**
 * Freezes a config with all that is in it. A list of waiting nodes takes the place of recursion, since a config may be
 * nested so deeply that recursion would overflow the stack.
 */
function freeze(root: object): void {
  const waiting: object[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const child of Object.values(node) as unknown[]) {
      if (typeof child === 'object' && child !== null && !Object.isFrozen(child)) waiting.push(child);
    }
    Object.freeze(node);
  }
}

const PROTOTYPE = '__proto__';

/** The path of an entry named `__proto__`, such as `features[0].variables.__proto__`; undefined if there is none. */
function pathOfPrototype(root: object): string | undefined {
  // A step knows the step that led to it, so that a path is written only if it is needed.
  interface Step {
    readonly node: object;
    readonly name: string;
    readonly from: Step | undefined;
  }
  const waiting: Step[] = [{ node: root, name: '', from: undefined }];
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    const { node } = step;
    if (Object.hasOwn(node, PROTOTYPE)) {
      let path = PROTOTYPE;
      for (let at: Step | undefined = step; at?.from !== undefined; at = at.from) {
        const joint = path.startsWith('[') ? '' : '.';
        path = `${Array.isArray(at.from.node) ? `[${at.name}]` : at.name}${joint}${path}`;
      }
      return path;
    }
    for (const [name, child] of Object.entries(node) as [string, unknown][]) {
      if (typeof child === 'object' && child !== null) waiting.push({ node: child, name, from: step });
    }
  }
  return undefined;
}

function bad(where: string, problem: string): ConvertError {
  return new ConvertError('CONVERT_BAD_PROJECT', `${where} is not a Convert project config: ${problem}`);
}

/** A message of the endpoint, made fit for a log: short, one line, and without words that could be a credential. */
function messageOf(error: unknown): string {
  const message = isPlainObject(error) ? error.message : error;
  const line = cleanText(typeof message === 'number' ? String(message) : text(message), 500)
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

/**
 * Parses the text of a config, and validates the config. The text is measured before it is parsed.
 *
 * @param where the source, as operators know it; stands in the error
 * @throws ConvertError `CONVERT_BAD_PROJECT`; it never quotes the text
 */
export function parseProject(body: Uint8Array, where: string, limits?: ConfigLimits): ProjectConfig {
  return validateProject(parsed(body, where, limits), where);
}

/**
 * As `parseProject`, for a file on disk, which may be in the short form.
 *
 * @throws ConvertError `CONVERT_BAD_PROJECT`
 */
export function parseProjectFile(body: Uint8Array, where: string, limits?: ConfigLimits): ProjectConfig {
  return validateWritten(parsed(body, where, limits), where);
}

function parsed(body: Uint8Array, where: string, limits?: ConfigLimits): unknown {
  assertWithinLimits(body, where, limits);
  const content = textOf(body).replace(/^\uFEFF/, '');
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    // The message of the JSON parser quotes the text, so its error is not kept as the cause.
    throw new ConvertError('CONVERT_BAD_PROJECT', `${where} is not JSON: ${problemOf(content, error)}`);
  }
}

/** What is wrong with a text that is no JSON. The parser of some platforms tells no place, or not always. */
function problemOf(content: string, error: unknown): string {
  const start = content.trimStart();
  if (start === '') return 'it is empty';
  if (start.startsWith('<')) return 'it looks like HTML';
  if (start.startsWith('/')) return 'it begins with a comment, which JSON does not have';
  const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
  if (position === undefined || Number(position) >= content.trimEnd().length)
    return 'it is cut off or garbled';
  const lines = content.slice(0, Number(position)).split('\n');
  return `see line ${lines.length}, column ${lines.at(-1)!.length + 1}: a comma too many or too few, or a comment?`;
}
