/** Makes signed preview links (`convert.previewLink`). */
import type { LoadedProject } from '../context/runtime.js';
import { MAX_PREVIEWS, type PreviewSigner } from '../identity/cookies/preview-signer.js';
import type { Preview } from '../model/preview.js';
import type { ExperienceConfig, ProjectConfig } from '../model/project-config.js';
import type { ExperienceKey, VariationKey } from '../model/project-keys.js';
import { ConvertError } from '../utils/errors.js';
import { asObject } from '../utils/objects.js';
import { assertOptions, type Check, given, nearest, shape } from '../utils/option-checks.js';

/** Options of `convert.previewLink()`. */
export interface PreviewLinkOptions {
  /**
   * The variations that the link shows, by experience: at most 16, each by its key or its id. A draft, which the
   * project config does not hold, is named by ids.
   */
  variations: Readonly<
    // eslint-disable-next-line @typescript-eslint/no-redundant-type-constituents -- not if an app declares keys
    { [Key in ExperienceKey]?: VariationKey<Key> | `${number}` } & Record<`${number}`, string>
  >;
  /** The time until which the link is valid, at most 90 days from now: a date, or milliseconds since the epoch. */
  expires: Date | number;
}

/** The most milliseconds for which a link is valid: 90 days. */
const LONGEST = 90 * 24 * 60 * 60 * 1000;

interface Given {
  readonly project: LoadedProject | undefined;
  /** Undefined if there are no `secrets`. */
  readonly signer: PreviewSigner | undefined;
  /** True if the option `preview` follows no link. */
  readonly isOff: boolean;
  readonly now: number;
  /** The parameter of the URL that holds what is signed. */
  readonly parameter: string;
}

/** @throws ConvertError `CONVERT_BAD_OPTION` or `CONVERT_NOT_READY` */
export function signedPreviewLink(
  url: string,
  options: PreviewLinkOptions,
  { project, signer, isOff, now, parameter }: Given,
): string {
  if (isOff) throw refusal('option `preview` is false, so that no link is followed');
  if (signer === undefined)
    throw refusal(
      'option `secrets` is missing, which signs the link: at least 16 characters, the same in all processes',
    );
  assertOptions(check(now), options);
  const { variations, expires } = asObject(options);
  const pairs = Object.entries(variations as Readonly<Record<string, string>>);
  if (pairs.length === 0 || pairs.length > MAX_PREVIEWS)
    throw refusal(`option \`variations\` must name 1 to ${MAX_PREVIEWS} experiences (given ${pairs.length})`);
  if (project === undefined)
    throw new ConvertError(
      'CONVERT_NOT_READY',
      'previewLink() needs the project config: await ready() before',
    );
  const previews = pairs.map(([experience, variation]) => previewOf(project.config, experience, variation));
  return withParameter(url, parameter, signer.sign({ kind: 'link', previews, expires: Number(expires) }));
}

const refusal = (message: string): ConvertError =>
  new ConvertError('CONVERT_BAD_OPTION', `previewLink(): ${message}`);

const check = (now: number): Check =>
  shape(
    {
      variations: (value, path) =>
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? []
          : [`option \`${path}\` must be an object of keys, such as { 'homepage-hero': 'version-b' }`],
      expires: (value, path) => {
        const at = value instanceof Date || typeof value === 'number' ? Number(value) : NaN;
        return at > now && at <= now + LONGEST
          ? []
          : [
              `option \`${path}\` must be a date, or milliseconds since the epoch, in the next 90 days` +
                ` (given ${value instanceof Date ? String(value) : given(value)})`,
            ];
      },
    },
    ['variations', 'expires'],
  );

const IS_ID = /^\d{1,20}$/;

/** Finds the ids. Two numbers that the project does not have may be those of a draft. */
function previewOf({ experiences = [] }: ProjectConfig, experience: string, variation: string): Preview {
  const isNumbered = IS_ID.test(experience) && IS_ID.test(variation);
  const found = named(experiences, experience);
  if (found === undefined && !isNumbered) throw unknown('experience', experience, experiences);
  const { variations = [] } = (found ?? {}) as Partial<ExperienceConfig>;
  const shown = named(variations, variation);
  if (shown === undefined && !isNumbered)
    throw unknown(`variation of '${experience}'`, variation, variations);
  const ids = { experienceId: String(found?.id ?? experience), variationId: String(shown?.id ?? variation) };
  if (IS_ID.test(ids.experienceId) && IS_ID.test(ids.variationId)) return ids;
  throw refusal(`the ids of '${experience}' are no numbers, as those of Convert are`);
}

interface Entity {
  readonly id: unknown;
  readonly key: string;
}

const named = <T extends Entity>(entities: readonly T[], name: string): T | undefined =>
  entities.find(({ key }) => key === name) ?? entities.find(({ id }) => String(id) === name);

function unknown(what: string, name: unknown, entities: readonly Entity[]): ConvertError {
  const keys = entities.map(({ key }) => key);
  const near = typeof name === 'string' ? nearest(name, keys) : undefined;
  const hint = near === undefined ? '' : `, did you mean '${near}'?`;
  return refusal(`the project has no ${what} with the key ${given(name)}${hint}`);
}

/** Puts the parameter into the URL, which may be absolute, or a path with its query. */
function withParameter(url: string, parameter: string, value: string): string {
  const text = String(url);
  const isPath = text.startsWith('/') && !text.startsWith('//');
  const parsed = URL.canParse(text, isPath ? 'http://path.invalid' : undefined)
    ? new URL(text, isPath ? 'http://path.invalid' : undefined)
    : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw refusal(`the url must be an http(s) address, or a path that begins with / (given ${given(text)})`);
  parsed.searchParams.set(parameter, value);
  return isPath ? `${parsed.pathname}${parsed.search}${parsed.hash}` : parsed.href;
}
