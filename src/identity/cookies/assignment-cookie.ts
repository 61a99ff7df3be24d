/**
 * The cookie that carries the variations of a visitor, signed for this visitor: for sites whose servers share no store.
 */
import { FORMATS, isKnownFormat, withoutFormat } from '../../model/formats.js';
import type { IncomingRequest } from '../../model/http.js';
import { liveExperiences, type ProjectConfig } from '../../model/project-config.js';
import { withAssignments } from '../../model/visitor-state/apply-change.js';
import type { VisitorState } from '../../model/visitor-state/types.js';
import { cookieNamed, validCookieNamed } from '../../request/cookies.js';
import type { Digests } from '../../utils/digests.js';
import { NOTHING, ownValue } from '../../utils/objects.js';
import { type Assignment, packAssignments, unpackAssignments } from './pack-assignments.js';
import { setCookie } from './set-cookie.js';
import { createSigner, type Secrets, SIGNATURE_LENGTH } from './signer.js';
import { cookieAttributes, type CookieOptions } from './visitor-cookie.js';

/**
 * The options of the assignment cookie. Options that are not given are those of the visitor cookie, except for `name`.
 * Scripts can not read the cookie.
 */
export interface AssignmentCookieOptions extends CookieOptions {
  /** The name of the cookie. Default `cv_asg`. */
  name?: string;
}

export const ASSIGNMENT_COOKIE_NAME = 'cv_asg';

/** The most bytes of the cookie's name and value: browsers keep 4096 bytes, the attributes included. */
const MAX_COOKIE = 3_584;
/** Characters of the longest value that is read. */
const MAX_VALUE = 4_096;
/** The number of the cookie's format. The value begins with it, and the signature covers it. */
const VERSION = String(FORMATS.assignmentCookie);
/** Characters before the payload: the number, the signature, and a dot behind each of them. */
const PAYLOAD_AT = `${VERSION}.`.length + SIGNATURE_LENGTH + 1;

export interface AssignmentCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** The `Set-Cookie` lines that remove the cookie, wherever this package may have set it. */
  expire(request: IncomingRequest): readonly string[];
  /**
   * Reads the assignments that a request brings for the visitor of `storeKey`, and adds them to `stored`. A cookie that
   * was not signed for this visitor counts as absent; of several cookies, the first that was signed for them counts.
   */
  open(request: IncomingRequest, storeKey: string, stored: VisitorState | undefined): CarriedAssignments;
}

/** The assignments of one visitor, between the cookie that a request brought and the one that its response sets. */
export interface CarriedAssignments {
  /** The stored state, with the assignments of the cookie for experiences that the store does not know. */
  readonly state: VisitorState | undefined;
  /**
   * Makes the `Set-Cookie` line for `state`; undefined if the browser has that cookie already. `dropped` is the number
   * of assignments for which there was no room.
   *
   * @param isKept false for an experience whose exposure was not accepted: its assignment is left out of the cookie
   */
  update(
    state: VisitorState,
    config: ProjectConfig,
    isKept: (experienceId: string) => boolean,
  ): { readonly line: string | undefined; readonly dropped: number };
}

/**
 * @param visitor the options of the visitor cookie, which are the defaults for those of this cookie
 * @param unknownFormat called with the name of the cookie if a newer version of this package has set it: it is left
 *   alone
 */
export function assignmentCookie(
  digests: Digests,
  secrets: Secrets,
  options: AssignmentCookieOptions = NOTHING,
  visitor: CookieOptions = NOTHING,
  unknownFormat: (cookie: string) => void = () => undefined,
): AssignmentCookie {
  const { name = ASSIGNMENT_COOKIE_NAME } = options;
  const cookie = setCookie({ name, ...cookieAttributes(visitor, options), httpOnly: true });
  const valueIn = cookieNamed(name);
  const validIn = validCookieNamed(name);
  const room = MAX_COOKIE - `${name}=`.length - PAYLOAD_AT;
  const signer = createSigner(digests, secrets, 'assignments');
  // The store key names account, project and visitor. JSON keeps the signed parts apart, whatever they contain.
  const signed = (version: string, storeKey: string, payload: string): string =>
    JSON.stringify([version, storeKey, payload]);

  const read = (value: string, storeKey: string): Brought | undefined => {
    const [version, rest = ''] = splitAt(value, value.indexOf('.'));
    if (value.length > MAX_VALUE || !isKnownFormat('assignmentCookie', Number(version))) return undefined;
    const [signature, payload] = splitAt(rest, SIGNATURE_LENGTH);
    if (payload === undefined) return undefined;
    const verified = signer.verify(signed(version, storeKey, payload), signature);
    const assignments = verified && unpackAssignments(payload);
    return assignments && { payload, assignments, isCurrent: verified === 'current' && version === VERSION };
  };

  return {
    present: (request) => valueIn(request) !== undefined,
    expire: (request) => cookie.expire(request),
    open(request, storeKey, stored) {
      let isUnknown = false;
      const found = validIn(request, (value) => {
        isUnknown ||= withoutFormat('assignmentCookie', value) === undefined;
        return read(value, storeKey);
      });
      if (found === undefined && isUnknown) {
        unknownFormat(name);
        return { state: stored, update: () => ({ line: undefined, dropped: 0 }) };
      }
      const brought = found ?? NONE;
      return {
        state: withAssignments(stored, brought.assignments),
        update(state, config, isKept) {
          const assignments = inOrder(state, stored, brought.assignments).filter(([id]) => isKept(id));
          let running: ReadonlySet<string> | undefined;
          const isRunning = (id: string): boolean =>
            (running ??= new Set(liveExperiences(config).map((each) => String(each.id)))).has(id);
          const { text, dropped } = packAssignments(assignments, room, isRunning);
          const isSame = text === brought.payload && brought.isCurrent;
          if (isSame || (text === '' && brought === NONE)) return { line: undefined, dropped };
          const value = `${VERSION}.${signer.sign(signed(VERSION, storeKey, text))}.${text}`;
          return { line: cookie.issue(value, request), dropped };
        },
      };
    },
  };
}

/** Splits a text at the dot that stands at this place; the second part is undefined if no dot does. */
function splitAt(text: string, at: number): [string, string | undefined] {
  return text[at] === '.' ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
}

/** The content of a cookie with a valid signature. */
interface Brought {
  readonly payload: string;
  readonly assignments: ReadonlyMap<string, string>;
  /** True if the cookie was signed with the first secret, and so need not be signed again. */
  readonly isCurrent: boolean;
}

const NONE: Brought = { payload: '', assignments: new Map(), isCurrent: true };

/**
 * Orders assignments, the oldest first: first those of the store that the cookie does not have (perhaps there was no
 * room), then those of the cookie, then those of this request. The oldest are dropped if there is no room, so with any
 * other order each request would drop different ones.
 */
function inOrder(
  { bucketing = {}, unexposed = [] }: VisitorState,
  stored: VisitorState | undefined,
  brought: ReadonlyMap<string, string>,
): Assignment[] {
  const older: Assignment[] = [];
  const newer: Assignment[] = [];
  const now = new Map<string, string>();
  for (const [id, given] of Object.entries(bucketing)) {
    // A store may hold anything, so the type is checked.
    const variation: unknown = given;
    if (typeof variation !== 'string' && typeof variation !== 'number') continue;
    const assignment: Assignment = [id, String(variation)];
    // The store knows that the exposure of this assignment is not sent yet. A cookie could not tell that, so the cookie
    // does not get this assignment.
    if (unexposed.includes(id) && brought.get(id) !== assignment[1]) continue;
    if (brought.has(id)) now.set(...assignment);
    else if (ownValue(stored?.bucketing, id) !== undefined) older.push(assignment);
    else newer.push(assignment);
  }
  const same = [...brought.keys()].flatMap((id): Assignment[] => {
    const variation = now.get(id);
    return variation === undefined ? [] : [[id, variation]];
  });
  return [...older, ...same, ...newer];
}
