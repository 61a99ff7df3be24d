/** A module that is loaded when it is first needed: for parts whose packages take long to load. */

export class LazyModule<Module> {
  #loaded: Module | undefined;
  #loading: Promise<void> | undefined;

  /** @param load calls `import()` with the path as a literal, so that bundlers find the module */
  constructor(private readonly load: () => Promise<Module>) {}

  /** The module; undefined until it is loaded. */
  get loaded(): Module | undefined {
    return this.#loaded;
  }

  /**
   * Begins to load the module, and resolves once it is loaded; undefined if it is loaded already. Rejects if the module
   * can't be loaded; then the next call tries again.
   */
  need(): Promise<void> | undefined {
    if (this.#loaded !== undefined) return undefined;
    return (this.#loading ??= this.#load());
  }

  /** Resolves with the module, which is loaded now if it is not there. Rejects as `need` does. */
  async get(): Promise<Module> {
    await this.need();
    return this.#loaded!;
  }

  /** Takes over a module that was loaded in another way. */
  provide(module: Module): void {
    this.#loaded = module;
  }

  async #load(): Promise<void> {
    try {
      this.#loaded = await this.load();
    } finally {
      this.#loading = undefined;
    }
  }
}

/** Waits for all of these; undefined if there is nothing to wait for. */
export function allOf(...waits: readonly (Promise<void> | undefined)[]): Promise<void> | undefined {
  const given = waits.filter((each) => each !== undefined);
  return given.length === 0 ? undefined : Promise.all(given).then(() => undefined);
}
