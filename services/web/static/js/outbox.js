/**
 * What the client has said and the gateway has not yet acknowledged.
 *
 * A sequence number is given when something is sent, not when it is said: what falls out of a full
 * buffer during a long break then leaves no hole in the row. After a reconnect the gateway's
 * `last_seq` is the truth, and whatever it does not cover is numbered anew from there on; its old
 * connection can store nothing any more by then.
 *
 * Pure: it neither sends nor waits.
 */

/**
 * @typedef {object} Entry
 * @property {number} seq 0 until it is sent.
 * @property {Uint8Array<ArrayBuffer> | null} audio PCM16, or `null` for control.
 * @property {import('./messages.js').Message | null} control Without its number.
 * @property {number} timeMs When it was captured.
 * @property {number} durationMs 0 for control.
 */

export class Outbox {
  /** @type {Entry[]} In the order in which it was said. */
  entries = [];
  #nextSeq = 1;
  /** Audio held, sent or not. */
  #audioMs = 0;
  /** Audio that fell out unsent or unacknowledged since {@link takeLostMs} was called. */
  #lostMs = 0;

  /** @param {number} maxAudioMs How much audio is kept; older audio falls out and is counted. */
  constructor(maxAudioMs) {
    this.maxAudioMs = maxAudioMs;
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} pcm16
   * @param {number} timeMs
   * @param {number} durationMs
   */
  addAudio(pcm16, timeMs, durationMs) {
    this.entries.push({ seq: 0, audio: pcm16, control: null, timeMs, durationMs });
    this.#audioMs += durationMs;
    while (this.#audioMs > this.maxAudioMs) this.#dropOldestAudio();
  }

  /** @param {import('./messages.js').Message} message Without its number. */
  addControl(message) {
    this.entries.push({ seq: 0, audio: null, control: message, timeMs: 0, durationMs: 0 });
  }

  #dropOldestAudio() {
    const index = this.entries.findIndex((entry) => entry.audio !== null);
    const [entry] = this.entries.splice(index, 1);
    this.#audioMs -= entry.durationMs;
    this.#lostMs += entry.durationMs;
  }

  /**
   * Hand out what has not been sent on this connection, numbered, oldest first.
   *
   * @returns {Generator<Entry>} Stop taking when the socket is full; the rest stays for next time.
   */
  *unsent() {
    for (const entry of this.entries) {
      if (entry.seq !== 0) continue;
      entry.seq = this.#nextSeq;
      this.#nextSeq += 1;
      yield entry;
    }
  }

  /** @returns {boolean} */
  get hasUnsent() {
    return this.entries.length > 0 && this.entries[this.entries.length - 1].seq === 0;
  }

  /** Forget what the gateway has stored. @param {number} seq Cumulative. */
  acknowledge(seq) {
    let stored = 0;
    while (stored < this.entries.length) {
      const entry = this.entries[stored];
      if (entry.seq === 0 || entry.seq > seq) break;
      this.#audioMs -= entry.durationMs;
      stored += 1;
    }
    this.entries.splice(0, stored);
  }

  /**
   * Go on after a reconnect: everything past `lastSeq` is to be sent again.
   *
   * @param {number} lastSeq What the gateway has stored of this session; 0 for a new one.
   * @param {boolean} isSameSession `false` if the numbers of before mean nothing any more.
   */
  resumeAfter(lastSeq, isSameSession) {
    if (isSameSession) this.acknowledge(lastSeq);
    // How much was heard of an answer in a session that is over concerns nobody.
    else this.entries = this.entries.filter((entry) => entry.control?.type !== 'played');
    for (const entry of this.entries) entry.seq = 0;
    this.#nextSeq = lastSeq + 1;
  }

  /** @returns {number} Audio lost since the last call, in ms. */
  takeLostMs() {
    const lostMs = this.#lostMs;
    this.#lostMs = 0;
    return lostMs;
  }
}
