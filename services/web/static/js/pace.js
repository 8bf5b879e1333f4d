/**
 * When a picture of the screen is due, and how many at once.
 *
 * On change, once it has settled; one picture a second on average while the user is in conversation,
 * which is what the model takes. While nobody talks a change is still sent at once, but out of a
 * small store that fills slowly: reading for an hour then costs a few dozen pictures, and a question
 * always brings the newest with it.
 *
 * Pure; the caller brings the time.
 */

/** A menu that opens or a page that scrolls moves for about this long. */
export const SETTLE_MS = 250;
/** What never settles, a film for instance, is sent anyway after this long. */
const MAX_UNSETTLED_MS = 1_000;
/** Even questions one after another do not send faster than the gateway allows. */
const QUESTION_GAP_MS = 400;
/** After the last word that long a conversation counts as going on. */
const TALK_MS = 30_000;
/** Pictures that may go out in a row while nobody talks. */
const IDLE_STORE = 8;
/** A model forgets what it saw long ago: a screen that stands still is shown again this often. */
const HEARTBEAT_MS = 300_000;
/** And with a question, if it was shown longer ago than this. */
const STALE_MS = 60_000;
/**
 * A screen on which this page may be seen, and cannot be masked, changes with every picture that
 * the page shows as sent; at a calm pace that costs little.
 */
const CALM_GAP_MS = 5_000;

/**
 * @typedef {object} Plan What a setting of detail means.
 * @property {number} closeUps Sent with a change.
 * @property {number} questionCloseUps Sent with a question.
 * @property {number} gapMs Per picture, on average, in conversation.
 * @property {number} idleMs Per picture while nobody talks.
 * @property {number} quality Of the JPEG.
 */
/**
 * Numbers are the first to suffer from compression: below 0.8 some of 11 px are misread.
 *
 * @type {Readonly<Record<'saver' | 'balanced' | 'sharp', Plan>>}
 */
const PLANS = Object.freeze({
  saver: { closeUps: 0, questionCloseUps: 1, gapMs: 3_000, idleMs: 240_000, quality: 0.65 },
  balanced: { closeUps: 1, questionCloseUps: 1, gapMs: 1_000, idleMs: 120_000, quality: 0.8 },
  sharp: { closeUps: 3, questionCloseUps: 3, gapMs: 1_000, idleMs: 15_000, quality: 0.85 },
});
/** @typedef {keyof typeof PLANS} Detail */

/** @param {Detail} detail @returns {Plan} The balanced one for a name that is not known. */
export function planOf(detail) {
  return PLANS[detail] ?? PLANS.balanced;
}

export class Pace {
  isCalm = false;
  #changedMs = -Infinity;
  #firstChangeMs = -Infinity;
  #isDirty = false;
  #sentMs = -Infinity;
  /** Before this nothing is sent on change. */
  #nextMs = -Infinity;
  #talkedMs = -Infinity;
  #store = IDLE_STORE;
  #storedMs = -Infinity;

  /** @param {Plan} [plan] */
  constructor(plan = PLANS.balanced) {
    this.plan = plan;
  }

  /** The screen changed. @param {number} nowMs */
  onChange(nowMs) {
    if (!this.#isDirty) this.#firstChangeMs = nowMs;
    this.#isDirty = true;
    this.#changedMs = nowMs;
  }

  /** Someone speaks or types, or is being answered. @param {number} nowMs */
  onTalk(nowMs) {
    this.#talkedMs = nowMs;
  }

  /** @param {number} nowMs */
  #isIdle(nowMs) {
    return nowMs - this.#talkedMs > TALK_MS;
  }

  /** @param {number} nowMs @returns {number} How many pictures may go out now, unasked. */
  allowance(nowMs) {
    const { closeUps, idleMs } = this.plan;
    if (!this.#isIdle(nowMs)) return 1 + closeUps;
    const grownBy = this.#storedMs === -Infinity ? 0 : (nowMs - this.#storedMs) / idleMs;
    this.#store = Math.min(IDLE_STORE, this.#store + grownBy);
    this.#storedMs = nowMs;
    return Math.min(1 + closeUps, Math.floor(this.#store));
  }

  /** How it looks now is being sent. @param {number} nowMs */
  onSent(nowMs) {
    this.#isDirty = false;
    this.#sentMs = nowMs;
    this.onMore(nowMs, 1);
  }

  /** And so many pictures more of the same. @param {number} nowMs @param {number} pictures */
  onMore(nowMs, pictures) {
    const gapMs = this.isCalm ? CALM_GAP_MS : this.plan.gapMs;
    this.#nextMs = Math.max(nowMs, this.#nextMs) + pictures * gapMs;
    if (this.#isIdle(nowMs)) this.#store = Math.max(0, this.#store - pictures);
  }

  /** It changed back: there is nothing to send, and nothing was. */
  onUnchanged() {
    this.#isDirty = false;
  }

  /** @param {number} nowMs @returns {boolean} Whether the change is to be sent now. */
  isDue(nowMs) {
    if (!this.#isDirty || nowMs < this.#nextMs) return false;
    const isSettled =
      nowMs - this.#changedMs >= SETTLE_MS || nowMs - this.#firstChangeMs >= MAX_UNSETTLED_MS;
    return isSettled && this.allowance(nowMs) > 0;
  }

  /** @param {number} nowMs @returns {boolean} Whether a screen that stands still is to be shown again. */
  isHeartbeatDue(nowMs) {
    return !this.#isDirty && nowMs - this.#sentMs >= HEARTBEAT_MS;
  }

  /** @param {number} nowMs @returns {boolean} Whether a question shows again what has not changed. */
  isStale(nowMs) {
    return nowMs - this.#sentMs >= STALE_MS;
  }

  /** @param {number} nowMs @returns {number} How long a question has to wait for its picture. */
  questionWaitMs(nowMs) {
    return Math.max(0, this.#sentMs + QUESTION_GAP_MS - nowMs);
  }
}
