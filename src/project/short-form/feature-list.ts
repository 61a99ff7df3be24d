/** The features that the variations of a project in the short form turn on: their variables, with types. */
import type { ChangeConfig, FeatureConfig } from '../../model/project-config.js';
import { isPlainObject } from '../../utils/objects.js';
import { given } from '../../utils/option-checks.js';
import { Problem } from './problem.js';

interface Known {
  readonly types: Map<string, string>;
  /** Where the feature was met first. */
  readonly path: string;
}

export class FeatureList {
  readonly #idOf: (key: string) => string;
  readonly #known = new Map<string, Known>();

  constructor(idOf: (key: string) => string) {
    this.#idOf = idOf;
  }

  /** Returns the changes of a variation that turns on these features. */
  changes(features: unknown, path: string): ChangeConfig[] {
    if (features === undefined) return [];
    if (!isPlainObject(features))
      throw new Problem(path, `must be { featureKey: { variable: value } } (given ${given(features)})`);
    return Object.entries(features).map(([key, variables]) => {
      this.#add(key, variables, `${path}.${key}`);
      const id = this.#idOf(key);
      return {
        id,
        type: 'fullStackFeature',
        data: { feature_id: id, variables_data: variables as Record<string, unknown> },
      };
    });
  }

  configs(): FeatureConfig[] {
    return [...this.#known].map(([key, { types }]) => ({
      id: this.#idOf(key),
      key,
      name: key,
      variables: [...types].map(([name, type]) => ({ key: name, type })),
    }));
  }

  /** A feature has the same variables, of the same types, in each variation: code that reads it can rely on them. */
  #add(key: string, variables: unknown, path: string): void {
    if (key === '') throw new Problem(path, 'belongs to a feature whose key is empty');
    if (!isPlainObject(variables))
      throw new Problem(path, `must be { variable: value }, with {} for none (given ${given(variables)})`);
    const types = new Map(
      Object.entries(variables).map(([name, value]) => [name, typeOf(value, `${path}.${name}`)]),
    );
    const known = this.#known.get(key);
    if (known === undefined) return void this.#known.set(key, { types, path });
    const other = [...known.types.keys(), ...types.keys()].find(
      (name) => types.has(name) !== known.types.has(name),
    );
    if (other !== undefined) {
      const [without, having] = types.has(other) ? [known.path, path] : [path, known.path];
      throw new Problem(without, `lacks the variable ${given(other)}, which ${having} has`);
    }
    for (const [name, type] of types) {
      const before = known.types.get(name)!;
      const both = before === type ? type : NUMBERS.has(before) && NUMBERS.has(type) ? 'float' : undefined;
      if (both === undefined)
        throw new Problem(
          `${path}.${name}`,
          `is of the type ${type}, and in ${known.path} of the type ${before}`,
        );
      known.types.set(name, both);
    }
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['integer', 'float']);

/** Convert's type of a variable with this value. */
function typeOf(value: unknown, path: string): string {
  if (Number.isSafeInteger(value)) return 'integer';
  const type = { number: 'float', string: 'string', boolean: 'boolean', object: 'json' }[
    typeof value as string
  ];
  if (value !== null && type !== undefined) return type;
  throw new Problem(
    path,
    `must be a number, a text, true or false, an object or a list (given ${given(value)})`,
  );
}
