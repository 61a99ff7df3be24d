/** Collects the names of the properties that the rules of a project read. */

/** Stands for a property that nobody supplied. */
export const ABSENT: unique symbol = Symbol('absent');

/** The names of the properties that the rules of a project read. A rule knows a name by its index in this list. */
export class PropertyNames {
  readonly all: string[] = [];
  /** True if some rule reads the property `name` (see `RULE_DATA`). */
  readsName = false;
  readonly #indexes = new Map<string, number>();

  indexOf(name: string): number {
    let index = this.#indexes.get(name);
    if (index === undefined) {
      index = this.all.push(name) - 1;
      this.#indexes.set(name, index);
      if (name === 'name') this.readsName = true;
    }
    return index;
  }
}
