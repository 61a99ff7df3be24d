/** Makes a project config of the short form. Whatever could mean two things is refused, with its place. */
import type {
  ExperienceConfig,
  ProjectConfig,
  RuleEntityConfig,
  RuleSet,
  VariationConfig,
} from '../../model/project-config.js';
import { NO_ACCOUNT } from '../../model/short-project.js';
import { digitsOf } from '../../utils/digits.js';
import { ConvertError } from '../../utils/errors.js';
import { isPlainObject, ownProperties } from '../../utils/objects.js';
import { given, nearest } from '../../utils/option-checks.js';
import { FeatureList } from './feature-list.js';
import { LineProblem, rulesOf, type Subject } from './rule-line.js';
import { Problem } from './problem.js';

type Fields = Readonly<Record<string, unknown>>;

/** The fields at each level. */
const PROJECT = ['$schema', 'id', 'experiences', 'audiences', 'goals'];
const SETTINGS = ['variations', 'traffic', 'audience', 'location', 'paused', 'archived'];
const VARIATION = ['weight', 'features'];
/** Where fields belong that are likely to be written at the wrong place. */
const PLACES: Readonly<Record<string, string>> = {
  status: 'an experience that is not to run has paused: true, or archived: true',
  features:
    'features belong to a variation: { variations: { key: { features: { featureKey: { variable: value } } } } }',
};

/**
 * The version of experiences in the config. From version 12 on, each variation keeps its place in the traffic, so that
 * nobody moves if `traffic` changes.
 */
const VERSION = 12;
/** Weights such as 33.3 add up to a little less than 100. */
const TOLERANCE = 0.5;

/**
 * Returns the config. Ids are digits from a hash of the keys, so they stay what they are, whatever is added.
 *
 * @param where the source, as operators know it; stands in the error
 * @param hash tests give one that collides
 * @throws ConvertError `CONVERT_BAD_PROJECT`, with the place in the project
 */
export function expanded(project: Fields, where: string, hash = digitsOf): ProjectConfig {
  try {
    return new Expansion(hash).config(project);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new ConvertError(
      'CONVERT_BAD_PROJECT',
      `${where} is not a project in the short form: ${error.message} (docs/reference/project-file.md)`,
    );
  }
}

class Expansion {
  readonly #hash: (text: string) => string;
  readonly #names = new Map<string, string>();
  /** The audiences by name, or by the line that an experience has. */
  readonly #audiences = new Map<string, RuleEntityConfig>();
  readonly #features = new FeatureList((key) => this.#id('feature', key));

  constructor(hash: (text: string) => string) {
    this.#hash = hash;
  }

  config(project: Fields): ProjectConfig {
    assertFields(project, PROJECT, 'it');
    const { id = NO_ACCOUNT, experiences, audiences = {}, goals = [] } = ownProperties(project);
    if (!isProjectId(id)) throw wrong('id', 'the number of the project: up to 15 digits', id);
    if (!isPlainObject(audiences))
      throw wrong('audiences', 'an object with a line of rules for each name', audiences);
    for (const [name, line] of Object.entries(audiences)) this.#addAudience(name, line);
    if (!Array.isArray(goals)) throw wrong('goals', 'a list of keys', goals);
    const goalConfigs = keysIn(goals, 'goals').map((key) => ({ id: this.#id('goal', key), key, name: key }));
    if (!isPlainObject(experiences))
      throw wrong('experiences', 'an object with an experience for each key', experiences);
    const all = Object.entries(experiences).map(([key, each]) => this.#experience(key, each));
    const goalIds = goalConfigs.map(({ id }) => id);
    return {
      account_id: NO_ACCOUNT,
      project: { id: String(id), type: 'fullstack' },
      experiences: all.map((each) => ({ ...each, goals: goalIds })),
      archived_experiences: all.filter(({ status }) => status !== 'active').map((each) => each.id),
      audiences: [...this.#audiences.values()],
      goals: goalConfigs,
      features: this.#features.configs(),
    };
  }

  #experience(key: string, value: unknown): ExperienceConfig {
    const path = `experiences.${key}`;
    if (key === '') throw new Problem('experiences', 'has an experience whose key is empty');
    const settings = settingsOf(value, path);
    const { variations, traffic = 100, audience, location } = settings;
    if (typeof traffic !== 'number' || !(traffic >= 0 && traffic <= 100))
      throw wrong(`${path}.traffic`, 'a number of percent from 0 to 100', traffic);
    return {
      id: this.#id('experience', key),
      key,
      name: key,
      type: 'a/b_fullstack',
      status: statusOf(settings, path),
      version: VERSION,
      settings: { matching_options: { audiences: 'any', locations: 'any' } },
      ...(audience !== undefined && { audiences: [this.#audience(audience, `${path}.audience`).id] }),
      ...(location !== undefined && { site_area: lineOf(location, 'page', `${path}.location`) }),
      variations: this.#variations(key, variations, traffic / 100),
    };
  }

  /** @param share the share of the visitors that take part */
  #variations(experienceKey: string, value: unknown, share: number): VariationConfig[] {
    const path = `experiences.${experienceKey}`;
    const all = variationsIn(value, path);
    if (all.length === 0) throw new Problem(path, 'has no variation');
    const weighted = all.filter(({ weight }) => weight !== undefined);
    const total = weighted.reduce((sum, { weight = 0 }) => sum + weight, 0);
    if (weighted.length > 0 && weighted.length < all.length)
      throw new Problem(path, 'gives a weight to some variations only: give one to all of them, or to none');
    if (weighted.length > 0 && Math.abs(total - 100) > TOLERANCE) {
      throw new Problem(
        path,
        `has weights that add up to ${Number(total.toFixed(2))}, not to 100; if only some of the visitors are to` +
          ' take part, write { variations, traffic }',
      );
    }
    return all.map(({ key, weight, features }) => ({
      id: this.#id('variation', experienceKey, key),
      key,
      name: key,
      status: 'running',
      traffic_allocation: (weight === undefined ? 100 / all.length : (weight * 100) / total) * share,
      changes: this.#features.changes(features, `${path}.${key}.features`),
    }));
  }

  #addAudience(name: string, line: unknown): void {
    const path = `audiences.${name}`;
    if (!/^\S+$/.test(name))
      throw new Problem(
        'audiences',
        `has the name ${given(name)}; a name has no white space, as a line of rules has`,
      );
    this.#audiences.set(name, this.#entity(name, lineOf(line, 'visitor', path)));
  }

  /** A text without white space is the name of an audience, any other one is a line of rules. */
  #audience(text: unknown, path: string): RuleEntityConfig {
    const known = typeof text === 'string' ? this.#audiences.get(text) : undefined;
    if (known !== undefined) return known;
    if (typeof text === 'string' && /^\S+$/.test(text)) {
      const near = nearest(text, [...this.#audiences.keys()]);
      const hint =
        near === undefined
          ? 'name it in `audiences`, or write rules, such as country is US'
          : `did you mean '${near}'?`;
      throw new Problem(path, `names the audience ${given(text)}, which there is not; ${hint}`);
    }
    const made = this.#entity(String(text), lineOf(text, 'visitor', path));
    this.#audiences.set(made.key, made);
    return made;
  }

  /** A permanent audience is asked once: whoever has a variation keeps it, whatever the next request looks like. */
  #entity(key: string, rules: RuleSet): RuleEntityConfig {
    return { id: this.#id('audience', key), key, name: key, type: 'permanent', rules };
  }

  #id(...names: readonly string[]): string {
    const name = JSON.stringify(names);
    const id = this.#hash(name);
    const other = this.#names.get(id);
    if (other !== undefined && other !== name)
      throw new Problem(
        'it',
        `has ${other} and ${name}, which have the same id by chance: rename one of them`,
      );
    this.#names.set(id, name);
    return id;
  }
}

/** An experience is its variations alone, or an object that has them as `variations`. */
function settingsOf(value: unknown, path: string): Fields {
  if (Array.isArray(value)) return { variations: value };
  if (!isPlainObject(value))
    throw wrong(
      path,
      'a list of variations, their weights, or { variations, traffic, audience, location, ... }',
      value,
    );
  if (typeof value.variations === 'object' && value.variations !== null) {
    assertFields(value, SETTINGS, path);
    return ownProperties(value);
  }
  const setting = SETTINGS.find((name) => Object.hasOwn(value, name));
  if (setting === undefined) return { variations: value };
  const meant = 'write { variations: [...] } with the settings beside them';
  throw new Problem(
    `${path}.${setting}`,
    `is a setting, or the key of a variation? If it is a setting, ${meant}`,
  );
}

const isProjectId = (id: unknown): id is string | number =>
  (typeof id === 'string' || typeof id === 'number') && /^\d{1,15}$/.test(String(id));

/** Convert's status of an experience, which decides nothing: what is not active is listed as archived, too. */
function statusOf(settings: Fields, path: string): string {
  for (const name of ['archived', 'paused']) {
    const { [name]: isSo = false } = settings;
    if (typeof isSo !== 'boolean') throw wrong(`${path}.${name}`, 'true or false', isSo);
    if (isSo) return name;
  }
  return 'active';
}

interface WrittenVariation {
  readonly key: string;
  readonly weight: number | undefined;
  readonly features: unknown;
}

function variationsIn(value: unknown, path: string): WrittenVariation[] {
  if (Array.isArray(value))
    return keysIn(value, path).map((key) => ({ key, weight: undefined, features: undefined }));
  return Object.entries(value as Fields).map(([key, each]) => {
    const place = `${path}.${key}`;
    if (key === '') throw new Problem(path, 'has a variation whose key is empty');
    if (typeof each !== 'number' && !isPlainObject(each))
      throw wrong(place, 'a weight in percent, or { weight, features }', each);
    if (typeof each === 'object') assertFields(each, VARIATION, place);
    const { weight, features }: Fields = typeof each === 'number' ? { weight: each } : ownProperties(each);
    if (weight !== undefined && !(typeof weight === 'number' && weight >= 0 && weight <= 100))
      throw wrong(
        typeof each === 'number' ? place : `${place}.weight`,
        'a number of percent from 0 to 100',
        weight,
      );
    return { key, weight, features };
  });
}

function keysIn(list: readonly unknown[], path: string): string[] {
  for (const [index, key] of list.entries()) {
    if (typeof key !== 'string' || key === '') throw wrong(`${path}[${index}]`, 'a key', key);
    if (list.indexOf(key) !== index) throw new Problem(path, `has the key ${given(key)} twice`);
  }
  return list as string[];
}

function lineOf(line: unknown, subject: Subject, path: string): RuleSet {
  if (typeof line !== 'string') throw wrong(path, 'rules in one line, such as country is US', line);
  try {
    return rulesOf(line, subject);
  } catch (error) {
    if (error instanceof LineProblem) throw new Problem(path, `is ${given(line)}; ${error.message}`);
    throw error;
  }
}

function assertFields(fields: Fields, known: readonly string[], path: string): void {
  const name = Object.keys(fields).find((each) => !known.includes(each));
  if (name === undefined) return;
  const near = nearest(name, known);
  const otherwise = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
  const hint = Object.hasOwn(PLACES, name) ? PLACES[name] : otherwise;
  throw new Problem(path, `has a field ${given(name)}, which there is not; ${hint}`);
}

const wrong = (path: string, meant: string, value: unknown): Problem =>
  new Problem(path, `must be ${meant} (given ${given(value)})`);
