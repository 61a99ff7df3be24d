/** The properties that rules are matched against, each looked up at most once. */
import { mergeValues } from '../../utils/objects.js';
import { ABSENT, type PropertyNames } from '../rules/property-names.js';
import type { RuleInput, RuleValues } from '../rules/types.js';
import type { Properties } from '../types.js';

/** Stands for the value `undefined` that was given: a property with it is not absent. */
const GIVEN_UNDEFINED: unique symbol = Symbol('undefined');
/**
 * To the official SDK, data whose `name` is this is an object with methods for rules. For plain data that means that no
 * rule finds its property.
 */
const RULE_DATA = 'RuleData';

export class PropertyValues implements RuleValues {
  /** The values by index, and behind them the same texts in lower case. */
  private readonly known: unknown[];
  private isRuleData: boolean | undefined = undefined;

  /**
   * @param input what else rules may ask about the visitor
   * @param properties what the request tells
   * @param inline goes over what the request tells, `undefined` too
   * @param stored lies under both; objects and arrays are merged
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

  /** A property `name` of the request counts only if a rule reads it: it is not looked up for this alone. */
  private asRuleData(): boolean {
    const { inline, stored } = this;
    const isRead =
      this.names.readsName ||
      (inline !== undefined && Object.hasOwn(inline, 'name')) ||
      (stored !== undefined && Object.hasOwn(stored, 'name'));
    return isRead && this.lookUp('name') === RULE_DATA;
  }

  private lookUp(name: string): unknown {
    // `__proto__` is no property: merging, which the SDK does, takes it for the prototype.
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
