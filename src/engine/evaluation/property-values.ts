/** The properties that rules are matched against, each looked up at most once. */
import { mergeValues } from '../../utils/objects.js';
import { ABSENT, type PropertyNames } from '../rules/property-names.js';
import type { RuleInput, RuleValues } from '../rules/types.js';
import type { Properties } from '../types.js';

/** Stands for a property that was supplied with the value `undefined`. Such a property is not `ABSENT`. */
const GIVEN_UNDEFINED: unique symbol = Symbol('undefined');
/**
 * If the property `name` has this value, the official SDK takes the properties for an object with methods. Plain
 * properties have no such methods, so no rule finds its property then.
 */
const RULE_DATA = 'RuleData';

export class PropertyValues implements RuleValues {
  /** The values by index, followed by the same values in lower case, if they are text. */
  private readonly known: unknown[];
  private isRuleData: boolean | undefined = undefined;

  /**
   * @param input other facts about the visitor that rules may read
   * @param properties the properties of the request
   * @param inline properties that the app passes to the call; they override those of the request, even with `undefined`
   * @param stored the properties in the visitor's state, which the other two override; objects and arrays are merged
   */
  constructor(
    private readonly names: PropertyNames,
    readonly input: RuleInput,
    private readonly properties: Properties | undefined,
    private readonly inline: Readonly<Record<string, unknown>> | undefined,
    private readonly stored: Readonly<Record<string, unknown>> | undefined,
  ) {
    this.known = new Array<unknown>(names.all.length * 2);
  }

  /** The value of the property with this index among the project's names, or ABSENT. */
  at(index: number): unknown {
    const known = this.known[index];
    if (known !== undefined) return known === GIVEN_UNDEFINED ? undefined : known;
    const value = this.named(this.names.all[index]!);
    this.known[index] = value === undefined ? GIVEN_UNDEFINED : value;
    return value;
  }

  /** The value of the property with this index, in lower case; undefined if it is no text. */
  textAt(index: number): string | undefined {
    const textIndex = this.names.all.length + index;
    const known = this.known[textIndex];
    if (known !== undefined) return known as string;
    const value = this.at(index);
    if (typeof value !== 'string') return undefined;
    const text = value.toLowerCase();
    this.known[textIndex] = text;
    return text;
  }

  /** The value of a property, or ABSENT. */
  named(name: string): unknown {
    this.isRuleData ??= this.asRuleData();
    return this.isRuleData ? ABSENT : this.lookUp(name);
  }

  /**
   * True if the property `name` has the value `RULE_DATA`. The request's property `name` is checked only if a rule
   * reads it anyway.
   */
  private asRuleData(): boolean {
    const { inline, stored } = this;
    const isRead =
      this.names.readsName ||
      (inline !== undefined && Object.hasOwn(inline, 'name')) ||
      (stored !== undefined && Object.hasOwn(stored, 'name'));
    return isRead && this.lookUp('name') === RULE_DATA;
  }

  private lookUp(name: string): unknown {
    // `__proto__` does not count as a property: the SDK merges properties into an object, where `__proto__` sets the
    // prototype.
    if (name === '__proto__') return ABSENT;
    const { stored } = this;
    const value = this.given(name);
    if (stored === undefined || !Object.hasOwn(stored, name)) return value;
    return value === ABSENT ? stored[name] : mergeValues(stored[name], value);
  }

  private given(name: string): unknown {
    const { inline, properties } = this;
    if (inline !== undefined && Object.hasOwn(inline, name)) return inline[name];
    const value = properties?.get(name);
    return value === undefined ? ABSENT : value;
  }
}
