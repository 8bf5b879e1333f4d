/**
 * How much sound is held back before it is played, so that pieces that come late leave no hole.
 *
 * Pure: counts samples, knows no clock.
 */

/** Held before a turn begins, and again after a hole, which teaches it to hold back more. */
const LEAST_S = 0.12;
const MOST_S = 0.6;
/** But nothing waits longer than this beyond it: a short answer's end may not be told. */
const PATIENCE_S = 0.18;

export class Jitter {
  #rateHz;
  #holdS = LEAST_S;
  #isHole = false;
  #waited = 0;

  /** @param {number} rateHz Of the samples that are counted. */
  constructor(rateHz) {
    this.#rateHz = rateHz;
  }

  /** Sound has come. @param {boolean} isSameTurn It belongs to what was played last. */
  onMore(isSameTurn) {
    // More of a turn that had run dry: its next pieces may be as late.
    if (this.#isHole && isSameTurn) this.#holdS = Math.min(MOST_S, this.#holdS * 2);
    this.#isHole = false;
  }

  /** All that had come is played. @param {boolean} isEnded Nothing is missing of the turn. */
  onDry(isEnded) {
    this.#isHole = !isEnded;
    // A turn that came without a hole lets the next one begin a little sooner again.
    if (isEnded) this.#holdS = Math.max(LEAST_S, this.#holdS * 0.75);
  }

  /** What comes next is waited for anew. */
  restart() {
    this.#waited = 0;
  }

  /**
   * @param {number} held Samples that could be played.
   * @param {number} block Samples that pass while waiting.
   * @returns {boolean} Whether to begin.
   */
  mayStart(held, block) {
    this.#waited += block;
    return held >= this.#holdS * this.#rateHz || this.#waited >= (this.#holdS + PATIENCE_S) * this.#rateHz;
  }
}
