/**
 * When a picture of the screen is due: on change, once it has settled, at most one a second.
 *
 * Pure; the caller brings the time.
 */

/** A menu that opens or a page that scrolls moves for about this long. */
export const SETTLE_MS = 250;
/** What never settles, a film for instance, is sent anyway after this long. */
const MAX_UNSETTLED_MS = 1_000;
const MIN_GAP_MS = 1_000;
/**
 * A whole screen on which this page itself can be seen changes with every picture that it shows as
 * sent, and with every word of the transcript; at a calm pace that costs little.
 */
const CALM_GAP_MS = 5_000;
/** Even a question does not send faster than the gateway allows. */
const FORCED_GAP_MS = 350;

export class Pace {
  constructor() {
    this.isCalm = false;
    this.sentMs = -Infinity;
    this.changedMs = -Infinity;
    this.firstChangeMs = -Infinity;
    this.isDirty = false;
  }

  /** The screen changed. @param {number} nowMs */
  onChange(nowMs) {
    if (!this.isDirty) this.firstChangeMs = nowMs;
    this.isDirty = true;
    this.changedMs = nowMs;
  }

  /** A picture of how it looks now was sent, or turned out to be the one sent last. @param {number} nowMs */
  onSent(nowMs) {
    this.isDirty = false;
    this.sentMs = nowMs;
  }

  /** It changed back: there is nothing to send, and nothing was. */
  onUnchanged() {
    this.isDirty = false;
  }

  /** @param {number} nowMs @returns {boolean} Whether the change is to be sent now. */
  isDue(nowMs) {
    if (!this.isDirty) return false;
    if (nowMs - this.sentMs < (this.isCalm ? CALM_GAP_MS : MIN_GAP_MS)) return false;
    return (
      nowMs - this.changedMs >= SETTLE_MS || nowMs - this.firstChangeMs >= MAX_UNSETTLED_MS
    );
  }

  /**
   * Whether a question asked now needs a fresh picture.
   *
   * One that has not changed is sent again unless it has just gone out: the model attends to what
   * comes with the question.
   *
   * @param {number} nowMs
   * @returns {boolean}
   */
  isDueForQuestion(nowMs) {
    const ageMs = nowMs - this.sentMs;
    return this.isDirty ? ageMs >= FORCED_GAP_MS : ageMs >= MIN_GAP_MS;
  }
}
