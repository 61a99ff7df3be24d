/** What is wrong with a project in the short form, and where. */
export class Problem extends Error {
  /** @param path the place, such as `experiences.homepage-hero`; `it` is the project as a whole */
  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
  }
}
