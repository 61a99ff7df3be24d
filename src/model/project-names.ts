/**
 * The names of what a Convert leaves in browsers, URLs and pages, if another Convert of the app does the same. Whatever
 * is not apart, both share: the cookies with the visitor's id.
 */

export interface ProjectNames {
  /** The property at which handlers find the context, such as `convertOutlet`. It names what pages and clients read. */
  readonly as: string;
  /**
   * The project's id, which is in the names of cookies and parameters; undefined while nothing tells it. Then these
   * are neither read nor set.
   */
  readonly project: string | undefined;
}

/** Browsers know such a prefix, which has to stand first. The rest is split before its last part. */
const PARTS = /^(__(?:Host|Secure)-)?(.*?)(_[^_]*)?$/i;

/**
 * Returns the name that the cookie `name` has for a project: `cv_2002_ses` for `cv_ses`. The id does not stand at the
 * end, since a cache must not find the name of one project's cookie within that of another's.
 */
export function cookieOfProject(name: string, project: string): string {
  const [, prefix = '', first = '', last = ''] = PARTS.exec(name)!;
  return first === '' ? `${prefix}${project}${last}` : `${prefix}${first}_${project}${last}`;
}

/** Returns the name of a URL parameter: `convert_preview_2002` for `convert_preview`. */
export const parameterOfProject = (name: string, project: string): string => `${name}_${project}`;

/** Returns the name of a header: `X-Convert-Variations-convertOutlet` for `X-Convert-Variations`. */
export const headerOf = (name: string, names: ProjectNames | undefined): string =>
  names === undefined ? name : `${name}-${names.as}`;

/** Returns the name of a property of `window`: `__CV_convertOutlet__` for `__CV__`. */
export const globalOf = (name: `__${string}__`, as: string | undefined): string =>
  as === undefined ? name : `${name.slice(0, -2)}_${as}__`;

/** Returns the name of an attribute: `data-cv-variations-convert-outlet` for `data-cv-variations`. */
export const attributeOf = (name: string, as: string | undefined): string =>
  as === undefined ? name : `${name}-${as.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`;
