/**
 * The cookie that carries a visitor's assignments, signed for this visitor: for sites without storage on the server.
 */
import type { IncomingRequest } from '../../model/http.js';
import { liveExperiences, type ProjectConfig } from '../../model/project-config.js';
import { withAssignments } from '../../model/visitor-state/apply-change.js';
import type { VisitorState } from '../../model/visitor-state/types.js';
import { cookieNamed } from '../../request/cookies.js';
import { ownValue } from '../../utils/objects.js';
import { type Assignment, packAssignments, unpackAssignments } from './pack-assignments.js';
import { setCookie } from './set-cookie.js';
import { createSigner, type Secrets, SIGNATURE_LENGTH } from './signer.js';
import { VISITOR_COOKIE_DEFAULTS, type VisitorCookieOptions } from './visitor-cookie.js';

/** What is not given is as with the visitor cookie. It can't be read by scripts. */
export interface AssignmentCookieOptions extends VisitorCookieOptions {
  /** Default `cv_asg`. */
  name?: string;
}

export const ASSIGNMENT_COOKIE_NAME = 'cv_asg';

/** Bytes of name and value: browsers keep 4096 with the attributes. */
const MAX_COOKIE = 3_584;
/** Characters of a value that is looked at at all. */
const MAX_VALUE = 4_096;
/** Begins the value, and is signed with it. */
const VERSION = '1';
const PAYLOAD_AT = `${VERSION}.`.length + SIGNATURE_LENGTH + 1;

export interface AssignmentCookie {
  /** True if the request brings the cookie at all, whatever it holds. */
  present(request: IncomingRequest): boolean;
  /** A `Set-Cookie` line that removes the cookie. */
  expire(request: IncomingRequest): string;
  /**
   * What one request brings for the visitor of `storeKey`, on top of what the store holds of them. What was not
   * signed for this visitor counts as absent.
   */
  open(request: IncomingRequest, storeKey: string, stored: VisitorState | undefined): CarriedAssignments;
}

/** The assignments of one visitor, between the cookie that a request brought and the one that its response sets. */
export interface CarriedAssignments {
  /** What is stored, and where that holds nothing for an experience, what the cookie says. */
  readonly state: VisitorState | undefined;
  /**
   * The `Set-Cookie` line for `state` as it is now; undefined where the browser has it already.
   *
   * @param isKept false for an experience whose exposure was not accepted: what is not counted is not carried
   */
  update(
    state: VisitorState,
    config: ProjectConfig,
    isKept: (experienceId: string) => boolean,
  ): { readonly line: string | undefined; readonly dropped: number };
}

/** @param visitor the options of the visitor cookie, which are the defaults of this one's */
export function assignmentCookie(
  secrets: Secrets,
  options: AssignmentCookieOptions = {},
  visitor: VisitorCookieOptions = {},
): AssignmentCookie {
  const { name = ASSIGNMENT_COOKIE_NAME } = options;
  const cookie = setCookie({
    name,
    domain: options.domain ?? visitor.domain,
    maxAge: options.maxAge ?? visitor.maxAge ?? VISITOR_COOKIE_DEFAULTS.maxAge,
    sameSite: options.sameSite ?? visitor.sameSite ?? VISITOR_COOKIE_DEFAULTS.sameSite,
    secure: options.secure ?? visitor.secure,
    httpOnly: true,
  });
  const valueIn = cookieNamed(name);
  const room = MAX_COOKIE - `${name}=`.length - PAYLOAD_AT;
  const signer = createSigner(secrets, 'assignments');
  // The key of the store names account, project and visitor. JSON keeps the parts apart, whatever they contain.
  const signed = (storeKey: string, payload: string): string => JSON.stringify([VERSION, storeKey, payload]);

  const read = (request: IncomingRequest, storeKey: string): Brought => {
    const value = valueIn(request);
    if (value === undefined || value.length > MAX_VALUE || !value.startsWith(`${VERSION}.`)) return NOTHING;
    const payload = value.slice(PAYLOAD_AT);
    const signature = value.slice(VERSION.length + 1, PAYLOAD_AT - 1);
    if (value[PAYLOAD_AT - 1] !== '.') return NOTHING;
    const verified = signer.verify(signed(storeKey, payload), signature);
    const assignments = verified && unpackAssignments(payload);
    return assignments ? { payload, assignments, isCurrent: verified === 'current' } : NOTHING;
  };

  return {
    present: (request) => valueIn(request) !== undefined,
    expire: (request) => cookie.expire(request),
    open(request, storeKey, stored) {
      const brought = read(request, storeKey);
      return {
        state: withAssignments(stored, brought.assignments),
        update(state, config, isKept) {
          const assignments = inOrder(state, stored, brought.assignments).filter(([id]) => isKept(id));
          let running: ReadonlySet<string> | undefined;
          const isRunning = (id: string): boolean =>
            (running ??= new Set(liveExperiences(config).map((each) => String(each.id)))).has(id);
          const { text, dropped } = packAssignments(assignments, room, isRunning);
          const isSame = text === brought.payload && brought.isCurrent;
          if (isSame || (text === '' && brought === NOTHING)) return { line: undefined, dropped };
          const value = `${VERSION}.${signer.sign(signed(storeKey, text))}.${text}`;
          return { line: cookie.issue(value, request), dropped };
        },
      };
    },
  };
}

/** What a cookie holds that is signed for its visitor. */
interface Brought {
  readonly payload: string;
  readonly assignments: ReadonlyMap<string, string>;
  /** Signed with the first secret. */
  readonly isCurrent: boolean;
}

const NOTHING: Brought = { payload: '', assignments: new Map(), isCurrent: true };

/**
 * The oldest first: what the store holds and the cookie does not (there was no room for it, perhaps), what the cookie
 * brought, what was decided in this request. With any other order, what goes for want of room would push out something
 * else with each request.
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
    // What a store holds is input.
    const variation: unknown = given;
    if (typeof variation !== 'string' && typeof variation !== 'number') continue;
    const assignment: Assignment = [id, String(variation)];
    // The exposure is still owed, and only the store knows.
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
