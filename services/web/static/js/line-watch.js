/** When to ask whether a line lives, and when to give it up. Pure. */

const ASK_EVERY_MS = 5_000;
/** Nothing said for longer than this: the gateway asks, and what it sends along is a sign of life. */
const REST_AFTER_MS = 30_000;
/** At rest, no sign of life for longer than this: the page asks itself. */
const REST_SILENCE_MS = 50_000;
/** No answer, nor anything else, for longer than this: a dead line that TCP has not noticed. */
const ANSWER_MS = 7_000;
/** Looks come once a second. A longer pause is a machine that slept, and its line may be gone. */
const SLEPT_MS = 5_000;

export class LineWatch {
  #saidAtMs;
  #lookedAtMs;
  #askedAtMs;
  #heardAtMs;
  #isAnswered = true;
  #sentBytes = 0;

  /** @param {number} nowMs When the line was opened. */
  constructor(nowMs) {
    this.#saidAtMs = this.#askedAtMs = this.#heardAtMs = this.#lookedAtMs = nowMs;
  }

  /** @param {number} nowMs @param {boolean} isSign What came is a sign of life, and says nothing. */
  heard(nowMs, isSign) {
    this.#isAnswered = true;
    this.#heardAtMs = nowMs;
    if (!isSign) this.#saidAtMs = nowMs;
  }

  /** The network may have changed: ask with the next look. */
  doubt() {
    this.#lookedAtMs = -Infinity;
  }

  /**
   * @param {number} nowMs
   * @param {number} sentBytes All that was sent so far.
   * @returns {'wait' | 'ask' | 'dead'}
   */
  look(nowMs, sentBytes) {
    const hasSlept = nowMs - this.#lookedAtMs > SLEPT_MS;
    this.#lookedAtMs = nowMs;
    if (sentBytes !== this.#sentBytes) {
      this.#sentBytes = sentBytes;
      this.#saidAtMs = nowMs;
    }
    const sinceMs = nowMs - this.#askedAtMs;
    if (!this.#isAnswered && !hasSlept) return sinceMs > ANSWER_MS ? 'dead' : 'wait';
    const isAtRest = nowMs - this.#saidAtMs > REST_AFTER_MS;
    const isDue = isAtRest ? nowMs - this.#heardAtMs > REST_SILENCE_MS : sinceMs >= ASK_EVERY_MS;
    if (!isDue && !hasSlept) return 'wait';
    this.#askedAtMs = nowMs;
    this.#isAnswered = false;
    return 'ask';
  }
}
