/** Tells the operator of keys that the project does not have: each of them once, with the key that was meant. */
import type { ProjectConfig } from '../model/project-config.js';
import { quoteName } from '../utils/clean-text.js';
import type { WarnOnce } from '../utils/operator-log.js';
import { nearest } from '../utils/option-checks.js';

/** For each kind of entity: its list in the config, the calls that name it by its key, and what they do then. */
const KINDS = {
  experience: { list: 'experiences', calls: 'runExperience', outcome: 'nobody is in it' },
  feature: { list: 'features', calls: 'runFeature', outcome: 'it is disabled' },
  goal: { list: 'goals', calls: 'trackConversion', outcome: 'nothing is sent for it' },
} as const;

export type KindOfKey = keyof typeof KINDS;

/** The most keys that are told of, of one kind: an app may take them from its requests. */
const MAX_TOLD = 20;

/** The most characters of a key that are remembered, and for which a similar key is looked for. */
const MAX_LENGTH = 100;

/** Keys that are quoted. Anything else is hardly a key of an app: it may be what a stranger has sent. */
const QUOTABLE = /^[\w.:-]{1,64}$/;

export class UnknownKeys {
  readonly #told: Readonly<Record<KindOfKey, Set<string>>> = {
    experience: new Set(),
    feature: new Set(),
    goal: new Set(),
  };

  constructor(private readonly warnOnce: WarnOnce) {}

  /** Called for each use of a key that `config` does not have. */
  met(kind: KindOfKey, key: string, config: ProjectConfig): void {
    const told = this.#told[kind];
    if (told.size >= MAX_TOLD) return;
    const short = key.slice(0, MAX_LENGTH);
    if (told.has(short)) return;
    const { calls, list, outcome } = KINDS[kind];
    const keys = (config[list] ?? []).map((each) => each.key);
    // An engine of the app's own may find less than the config has.
    if (keys.includes(key)) return;
    told.add(short);
    const meant = key === short ? nearest(key, keys) : undefined;
    const hint = meant === undefined ? '' : `; did you mean ${quoteName(meant)}?`;
    const last = told.size === MAX_TOLD ? ` No further ${kind} keys are told of` : '';
    // The number keeps the warnings few, whatever the keys are.
    this.warnOnce(
      'CONVERT_UNKNOWN_KEY',
      `${calls}: the project has no ${kind} ${nameOf(key)}, so ${outcome}${hint}${last}`,
      `${kind} ${told.size}`,
    );
  }
}

const nameOf = (key: string): string =>
  QUOTABLE.test(key)
    ? quoteName(key)
    : 'of a key that is not quoted (it has over 64 characters, or other ones than letters, digits and _-.:)';
