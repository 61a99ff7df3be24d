/** Checks the option `consent`, in all its forms. */
import { type Check, fn, given, nearest, oneOf, shape, text, texts } from '../utils/option-checks.js';
import { consentModes, type ConsentOption } from './consent.js';
import { type ConsentPlatformName, PLATFORM_NAMES, PLATFORMS } from './platforms/index.js';

const MEANT =
  "a platform such as 'onetrust', { platform, ... }, { cookie, granted }, a function, { resolve }, or a list of these";

const mode = oneOf('block', 'silent', 'hold');

/**
 * The checks for the objects that `consent` may be, each with the field that tells this kind of object from the others.
 */
const OBJECTS: readonly [field: string, check: Check][] = [
  ['platform', platform],
  ['resolve', shape({ resolve: fn, mode }, ['resolve'])],
  ['cookie', shape({ cookie: text, granted: texts, denied: texts, mode }, ['cookie', 'granted'])],
];

/** Platforms that keep the visitor's answer in local storage, or in a cookie that only they can read. */
const UNREADABLE: ReadonlySet<string> = new Set(['usercentrics', 'osano', 'termly']);

export const consentCheck: Check = (value, path) => {
  const wrong = isListed(value) ? listOptions(value, path) : sourceOrList(value, path);
  return wrong.length > 0 ? wrong : oneMode(value as ConsentOption, path);
};

function isListed(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'from' in value;
}

const listOptions = shape({ from: sources, mode }, ['from']);

function sourceOrList(value: unknown, path: string): string[] {
  return Array.isArray(value) ? sources(value, path) : source(value, path);
}

function sources(value: unknown, path: string): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    return [`option \`${path}\` must be a list of at least one (given ${given(value)})`];
  }
  return value.flatMap((each, index) => source(each, `${path}[${index}]`));
}

function source(value: unknown, path: string): string[] {
  if (typeof value === 'function') return [];
  if (typeof value === 'string') return platformName(value, path) ?? needs(value, {}, path);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const [, check] = OBJECTS.find(([field]) => field in value) ?? [];
    if (check !== undefined) return check(value, path);
  }
  return [`option \`${path}\` must be ${MEANT} (given ${given(value)})`];
}

function platform(value: unknown, path: string): string[] {
  const { platform: name, ...ids } = value as { platform: unknown; [id: string]: unknown };
  const unknown = platformName(name, `${path}.platform`);
  if (unknown !== undefined) return unknown;
  const known = name as ConsentPlatformName;
  const wrong = shape({ platform: text, mode, ...PLATFORMS[known].ids })(value, path);
  return [...wrong, ...needs(known, ids, path)];
}

/** The problems with the name of a platform; undefined if the name is known. */
function platformName(name: unknown, path: string): string[] | undefined {
  if (PLATFORM_NAMES.some((each) => each === name)) return undefined;
  const wrong = `option \`${path}\` must be a consent platform (given ${given(name)})`;
  if (typeof name === 'string' && UNREADABLE.has(name)) {
    return [
      `${wrong}: it keeps the visitor's answer where a server can't read it; have the page write it to a ` +
        `cookie, too, and` +
        ' give { cookie, granted }',
    ];
  }
  const near = typeof name === 'string' ? nearest(name, PLATFORM_NAMES) : undefined;
  return [
    near === undefined
      ? `${wrong}; known are ${PLATFORM_NAMES.map(given).join(', ')}`
      : `${wrong}, did you mean '${near}'?`,
  ];
}

function needs(name: string, ids: Readonly<Record<string, unknown>>, path: string): string[] {
  return Object.entries<string>(PLATFORMS[name as ConsentPlatformName].needs ?? {})
    .filter(([id]) => ids[id] === undefined)
    .map(
      ([id, meaning]) =>
        `option \`${path}.${id}\` is missing: ${meaning}, as in { platform: '${name}', ${id}: '...' }`,
    );
}

function oneMode(option: ConsentOption, path: string): string[] {
  const modes = consentModes(option);
  if (modes.length < 2) return [];
  return [
    `option \`${path}\` has several modes (given ${modes.map(given).join(', ')}); one holds for all, as in` +
      ` { from: [...], mode: '${modes[0]}' }`,
  ];
}
