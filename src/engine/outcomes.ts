/** The outcomes of rules, by the place of their location or audience in the project. */
import type { Outcome } from './rules.js';

/** A project may have a thousand audiences, and a decision asks for two: room is made in pieces. */
const PIECE = 16;

export class Outcomes {
  private readonly pieces: (Outcome[] | undefined)[];

  constructor(size: number) {
    this.pieces = new Array<undefined>(Math.ceil(size / PIECE));
  }

  at(place: number): Outcome {
    return this.pieces[(place / PIECE) | 0]?.[place % PIECE];
  }

  set(place: number, outcome: Outcome): void {
    const index = (place / PIECE) | 0;
    const piece = (this.pieces[index] ??= new Array<Outcome>(PIECE));
    piece[place % PIECE] = outcome;
  }
}
