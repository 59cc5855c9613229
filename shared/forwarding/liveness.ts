/**
 * Is somebody still there? Looked at in intervals: a sign of life, or else a question, and after so
 * many questions without any sign it is lost. Who has never answered one cannot be told from who is
 * gone, so only who has once answered is ever called lost.
 */

/** Looks without an answer after which somebody is taken for one that does not answer. */
const FIRST_TRIES = 10;
/** Such a one is asked again every so many looks. */
const LATER_TRY = 100;

export interface Look {
  /** Something has come since the last look. */
  readonly isHeard: boolean;
  /** An answer to a question of ours has. */
  readonly isAnswered: boolean;
}

export class Liveness {
  #isProven = false;
  #isLost = false;
  /** Looks in a row at which nothing had come since the question before. */
  #misses = 0;
  #looks = 0;

  get isLost(): boolean {
    return this.#isLost;
  }

  /** `news`: it is lost now, or is so no more. `asks`: a question is due. */
  look({ isHeard, isAnswered }: Look, misses: number): { news: boolean; asks: boolean } {
    this.#isProven ||= isAnswered;
    this.#looks++;
    const wasLost = this.#isLost;
    if (isHeard) {
      this.#misses = 0;
      this.#isLost = false;
    } else if (this.#isProven) {
      this.#misses++;
      // The first look without anything has not asked yet.
      this.#isLost ||= this.#misses > misses;
    }
    const isTry = this.#looks <= FIRST_TRIES || this.#looks % LATER_TRY === 0;
    return { news: this.#isLost !== wasLost, asks: this.#isProven ? !isHeard : isTry };
  }
}
