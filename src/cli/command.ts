/** What a command of the command line is. */

export interface Command {
  /** What the command does, in one line. */
  readonly summary: string;
  /** How the command is called, with all of its options. */
  readonly help: string;
  /** Runs the command. Rejects with a Mistake, or with a ConvertError, if it was called wrongly. */
  run(args: readonly string[]): Promise<unknown>;
}

/** A wrong call of a command: the message says what is meant, and no stack is of use. */
export class Mistake extends Error {}
