/**
 * A visitor's state during one call that decides several experiences: later decisions see the changes of earlier ones.
 */
import type { VisitorState } from '../../model/visitor-state/types.js';
import { mergeSegments, ownValue } from '../../utils/objects.js';
import type { Location, PlannedExperience } from '../plan-types.js';
import type { RuleResult } from '../rules/types.js';
import { RuleResults } from './rule-results.js';

const NO_LOCATIONS: readonly string[] = [];

export class EvaluationState {
  readonly visitorState: Readonly<VisitorState>;
  /** The id of the experience that is being decided. */
  deciding: string | undefined;
  private newlyAssigned: Map<string, string> | undefined = undefined;
  private segments: Readonly<Record<string, unknown>> | undefined;
  private locations: readonly string[];
  /**
   * For each location that was evaluated in this call, by the index of its key: true if it is in `locations`. Only used
   * if many experiences are decided (`expectMany`).
   */
  private asked: RuleResults | undefined = undefined;
  private storedLocations: Set<string> | undefined = undefined;

  constructor(state: Readonly<VisitorState>) {
    this.visitorState = state;
    this.segments = state.segments;
    this.locations = state.locations ?? NO_LOCATIONS;
  }

  /** The id of the variation that the visitor has of an experience. */
  assigned({ id, slot }: Pick<PlannedExperience, 'id' | 'slot'>): string | undefined {
    return this.newlyAssigned?.get(id) ?? ownValue(this.visitorState.bucketing, slot);
  }

  /**
   * True if the visitor has a variation of an experience for which `isMeant` is true. The experience that is being
   * decided does not count.
   */
  isInOther(isMeant: (experienceId: string) => boolean): boolean {
    const ids = [...Object.keys(this.visitorState.bucketing ?? {}), ...(this.newlyAssigned?.keys() ?? [])];
    return ids.some((id) => id !== this.deciding && isMeant(id));
  }

  get customSegments(): readonly unknown[] {
    const segments = ownValue(this.segments, 'customSegments');
    return Array.isArray(segments) ? (segments as unknown[]) : [];
  }

  /** The keys of the locations that matched last; undefined if the visitor's state has the same list. */
  get changedLocations(): string[] | undefined {
    const before = this.visitorState.locations ?? NO_LOCATIONS;
    const now = this.locations;
    if (now === before) return undefined;
    const isSame = now.length === before.length && now.every((each, index) => each === before[index]);
    return isSame ? undefined : (now as string[]);
  }

  assign(experienceId: string, variationId: string): void {
    (this.newlyAssigned ??= new Map()).set(experienceId, variationId);
  }

  addSegments(segments: Readonly<Record<string, unknown>>): void {
    this.segments = mergeSegments(this.segments ?? {}, segments);
  }

  /**
   * Adds a location that matched to the list of locations, and removes a location that did not match, as the SDK does.
   */
  atLocation({ key, keyIndex }: Location, result: RuleResult): void {
    if (typeof result !== 'boolean' || key === undefined) return;
    const isAt = this.isAt(key, keyIndex);
    this.asked?.set(keyIndex, result);
    if (result === isAt) return;
    if (this.locations.length === 0) this.locations = [key];
    else if (result) this.own().push(key);
    else {
      this.own().splice(this.locations.indexOf(key), 1);
      // A stored list that this package has not written may hold a key twice. As in the SDK, only one of the two is
      // removed.
      if (this.locations.includes(key)) this.asked?.set(keyIndex, true);
    }
  }

  /** Announces that many experiences will be decided. A set of the stored locations makes their lookups faster then. */
  expectMany(locationCount: number): void {
    this.asked = new RuleResults(locationCount);
  }

  private isAt(key: string, keyIndex: number): boolean {
    if (this.asked === undefined) return isIn(this.locations, key, keyIndex);
    const known = this.asked.at(keyIndex);
    if (known !== undefined) return known === true;
    const { locations } = this.visitorState;
    if (locations === undefined || locations.length === 0) return false;
    return (this.storedLocations ??= new Set(locations)).has(key);
  }

  /**
   * Returns the list of locations as a copy that this object may change. The list in the visitor's state stays as it
   * is.
   */
  private own(): string[] {
    if (this.locations === this.visitorState.locations) this.locations = this.locations.slice();
    return this.locations as string[];
  }
}

/**
 * True if `locations` has the key. The search goes from `index` backward, then forward: locations are mostly in the
 * order of the project, so that a key is at its index or a little before it.
 */
function isIn(locations: readonly string[], key: string, index: number): boolean {
  for (let i = Math.min(index, locations.length - 1); i >= 0; i--) if (locations[i] === key) return true;
  for (let i = index + 1; i < locations.length; i++) if (locations[i] === key) return true;
  return false;
}
