/** The cookies that each project has for itself, while the visitor's id is one for all projects of an app. */
import { cookieOfProject, type ProjectNames } from '../../model/project-names.js';
import type { Digests } from '../../utils/digests.js';
import { NOTHING, ownProperties } from '../../utils/objects.js';
import {
  ASSIGNMENT_COOKIE_NAME,
  assignmentCookie,
  type AssignmentCookie,
  type AssignmentCookieOptions,
} from './assignment-cookie.js';
import { KEY_COOKIE_NAME, type KeyCookie, keyCookie, type ResponseCacheOptions } from './key-cookie.js';
import {
  SESSION_COOKIE_NAME,
  sessionCookie,
  type SessionCookie,
  type SessionCookieOptions,
} from './session-cookie.js';
import { VARIATIONS_COOKIE_NAME, variationsCookie, type VariationsCookie } from './variations-cookie.js';
import type { VisitorCookieOptions } from './visitor-cookie.js';

/** All are undefined if no cookies are used, and while the names of the project's cookies are not known. */
export interface ProjectCookies {
  /** The assignment cookie; undefined if the option is off. */
  readonly assignments: AssignmentCookie | undefined;
  /** The session cookie; undefined if the option is off. */
  readonly sessions: SessionCookie | undefined;
  /** The cookie of `bridge.signal`. */
  readonly variations: VariationsCookie | undefined;
  /** The keys of pages that shared caches keep per variation. */
  readonly keys: KeyCookie | undefined;
}

export interface ProjectCookiesOptions {
  assignmentCookie?: boolean | AssignmentCookieOptions;
  session?: false | SessionCookieOptions;
  responseCache?: ResponseCacheOptions;
  /** The secrets of the assignment cookie and of signed ids, the newest first. */
  secrets?: string | readonly string[];
  digests: Digests;
  /** The names of an app with several projects. Default: those of an app with one. */
  names?: ProjectNames | undefined;
  /** Called with the name of a cookie of ours that a newer version of this package has set. */
  unknownFormat?: (cookie: string) => void;
}

const NO_COOKIES: ProjectCookies = {
  assignments: undefined,
  sessions: undefined,
  variations: undefined,
  keys: undefined,
};

/** @param visitor the options of the visitor cookie, which are the defaults for those of the others */
export function projectCookies(
  visitor: VisitorCookieOptions | false | undefined,
  options: ProjectCookiesOptions,
): ProjectCookies {
  const { assignmentCookie: given, digests, names, responseCache, secrets, session, unknownFormat } = options;
  if (visitor === false) return NO_COOKIES;
  if (names !== undefined && names.project === undefined) return NO_COOKIES;
  const own = (name: string): string => nameOf(name, names);
  const ofAssignments = given === true ? NOTHING_OF_COOKIE : given || undefined;
  return {
    assignments:
      ofAssignments === undefined || secrets === undefined
        ? undefined
        : assignmentCookie(
            digests,
            secrets,
            named(ofAssignments, own(ofAssignments.name ?? ASSIGNMENT_COOKIE_NAME)),
            visitor,
            unknownFormat,
          ),
    sessions:
      session === false
        ? undefined
        : sessionCookie(
            named(session ?? NOTHING, own(session?.name ?? SESSION_COOKIE_NAME)),
            visitor,
            unknownFormat,
          ),
    variations: variationsCookie(own(VARIATIONS_COOKIE_NAME), visitor),
    keys: keyCookie(
      ownProperties({ ...responseCache, cookie: own(responseCache?.cookie ?? KEY_COOKIE_NAME) }),
      visitor,
    ),
  };
}

const NOTHING_OF_COOKIE: AssignmentCookieOptions = NOTHING;

/** Returns the options with this name. The copy inherits nothing, as the options do not. */
const named = <Options extends { name?: string }>(options: Options, name: string): Options =>
  ownProperties({ ...options, name });

/** Returns the name of a cookie that each project has for itself. */
export const nameOf = (name: string, names: ProjectNames | undefined): string =>
  names?.project === undefined ? name : cookieOfProject(name, names.project);
