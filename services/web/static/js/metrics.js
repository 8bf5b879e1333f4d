/** What a conversation costs the line, and how quickly it answers. Pure. */

/** The rate of the upload is that of the last so many seconds. */
const RATE_S = 10;

/**
 * @typedef {object} Figures
 * @property {number | null} pingMs To the gateway and back.
 * @property {number | null} answerMs From the end of a question to the first sound of its answer.
 * @property {number} framesSent
 * @property {number} framesSkipped Frames that came and showed nothing new.
 * @property {number} uploadBytes
 * @property {number} uploadBytesPerS
 */

export class Metrics {
  /** @type {number | null} */
  pingMs = null;
  /** @type {number | null} */
  answerMs = null;
  framesSent = 0;
  /** @type {number | null} */
  #askedAtMs = null;
  /** Bytes at the end of each second. @type {number[]} */
  #uploads = [];

  /** A question was asked; of several in a row the last one counts. @param {number} nowMs */
  onAsked(nowMs) {
    this.#askedAtMs = nowMs;
  }

  /** The assistant is heard. @param {number} nowMs */
  onSound(nowMs) {
    if (this.#askedAtMs === null) return;
    this.answerMs = nowMs - this.#askedAtMs;
    this.#askedAtMs = null;
  }

  /**
   * Take stock, once a second.
   *
   * @param {number} uploadBytes So far.
   * @param {number} framesSeen So far.
   * @returns {Figures}
   */
  figures(uploadBytes, framesSeen) {
    this.#uploads = [...this.#uploads.slice(-RATE_S), uploadBytes];
    const seconds = Math.max(1, this.#uploads.length - 1);
    const { pingMs, answerMs, framesSent } = this;
    return {
      pingMs, answerMs, framesSent, uploadBytes, framesSkipped: Math.max(0, framesSeen - framesSent),
      uploadBytesPerS: (uploadBytes - this.#uploads[0]) / seconds,
    };
  }
}
