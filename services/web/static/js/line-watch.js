/** When to ask whether a line lives, and when to give it up. Pure. */

const ASK_EVERY_MS = 5_000;
/** The same while nobody says anything: a dead line then costs nobody a word. */
const ASK_SELDOM_MS = 20_000;
/** Nothing said for longer than this: it is asked seldom. */
const REST_AFTER_MS = 30_000;
/** No answer, nor anything else, for longer than this: a dead line that TCP has not noticed. */
const ANSWER_MS = 7_000;
/** Looks come once a second. A longer pause is a machine that slept, and its line may be gone. */
const SLEPT_MS = 5_000;

export class LineWatch {
  #saidAtMs;
  #lookedAtMs;
  #askedAtMs;
  #isAnswered = true;
  #sentBytes = 0;

  /** @param {number} nowMs When the line was opened. */
  constructor(nowMs) {
    this.#saidAtMs = this.#askedAtMs = this.#lookedAtMs = nowMs;
  }

  /** @param {number} nowMs @param {boolean} isAnswer What came only answers the question. */
  heard(nowMs, isAnswer) {
    this.#isAnswered = true;
    if (!isAnswer) this.#saidAtMs = nowMs;
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
    const everyMs = nowMs - this.#saidAtMs > REST_AFTER_MS ? ASK_SELDOM_MS : ASK_EVERY_MS;
    if (!hasSlept && sinceMs < everyMs) return 'wait';
    this.#askedAtMs = nowMs;
    this.#isAnswered = false;
    return 'ask';
  }
}
