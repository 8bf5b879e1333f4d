/**
 * Tells the assistant's own voice, as the microphone hears it, from somebody who speaks over it.
 *
 * The browser cancels echo, but never all of it, and less on loudspeakers that stand close. What is
 * played is known, so what of it comes back can be learnt: as so many dB below what is played. A
 * sound that is not clearly louder than that is the assistant itself.
 *
 * Pure: time is counted in the audio it is given.
 */

/** Quieter than this, nothing is being played that a microphone could hear. */
const AUDIBLE_DB = -55;
/** Quieter than this, nobody speaks. */
const SILENT_DB = -50;
/** Loudspeaker, air, room and the browser's buffers: what was played so long ago still comes back. */
const ECHO_MS = 320;
/** Before anything was learnt: a loudspeaker beside the microphone, hardly cancelled. */
const FIRST_RETURN_DB = -8;
const LEAST_RETURN_DB = -60;
/** Somebody who speaks over the voice is this much louder than its echo. */
const MARGIN_DB = 10;
/**
 * The estimate follows more echo slowly: words spoken over the voice, which look like it, must not
 * teach it that they are one.
 */
const FALL_DB_PER_S = 20;
const RISE_DB_PER_S = 2;
/** The echo comes late, so a voice that has just begun teaches nothing. */
const SETTLED_MS = 400;
/** A crack is shorter than somebody's first syllable. */
const ONSET_MS = 80;
/** Pauses of somebody who speaks over the voice are shorter than this. */
const HANGOVER_MS = 600;

/** @typedef {{ db: number, ageMs: number }} Piece */

export class EchoGuard {
  #returnDb = FIRST_RETURN_DB;
  /** @type {Piece[]} What was played of late. */
  #played = [];
  /** @type {Piece[]} What was heard of late. */
  #heard = [];
  #audibleMs = 0;
  #isOpen = false;
  #loudMs = 0;
  #quietMs = 0;

  /** What is being played now. @param {number} db Root mean square below full scale. */
  onPlayed(db) {
    this.#played.push({ db, ageMs: 0 });
  }

  /**
   * Judge a piece of the microphone's sound.
   *
   * @param {number} db How loud it is.
   * @param {number} durationMs
   * @returns {'clear' | 'echo' | 'opened' | 'open'} Nothing is played; nothing but what is played;
   *   somebody has begun to speak over it, a moment ago; and still does.
   */
  push(db, durationMs) {
    this.#heard.push({ db, ageMs: 0 });
    this.#heard = passed(this.#heard, durationMs);
    this.#played = passed(this.#played, durationMs);
    const playedDb = loudest(this.#played);
    if (playedDb < AUDIBLE_DB) {
      this.#audibleMs = 0;
      // Who has begun to speak over the voice may go on in one of its pauses, but not begin there.
      if (this.#isOpen) this.#gate(db < SILENT_DB, durationMs);
      return 'clear';
    }
    this.#audibleMs += durationMs;
    const isEcho = db < playedDb + this.#returnDb + MARGIN_DB;
    if (this.#audibleMs > SETTLED_MS) this.#learn(loudest(this.#heard) - playedDb, durationMs);
    return this.#gate(isEcho, durationMs);
  }

  /** @param {number} returnDb What came back just now. @param {number} durationMs */
  #learn(returnDb, durationMs) {
    const fall = (FALL_DB_PER_S * durationMs) / 1_000;
    const rise = (RISE_DB_PER_S * durationMs) / 1_000;
    const change = Math.max(-fall, Math.min(rise, returnDb - this.#returnDb));
    this.#returnDb = Math.max(LEAST_RETURN_DB, this.#returnDb + change);
  }

  /** @param {boolean} isEcho @param {number} durationMs @returns {'echo' | 'opened' | 'open'} */
  #gate(isEcho, durationMs) {
    this.#loudMs = isEcho ? 0 : this.#loudMs + durationMs;
    this.#quietMs = isEcho ? this.#quietMs + durationMs : 0;
    if (this.#isOpen) {
      this.#isOpen = this.#quietMs < HANGOVER_MS;
      return this.#isOpen ? 'open' : 'echo';
    }
    this.#isOpen = this.#loudMs >= ONSET_MS;
    return this.#isOpen ? 'opened' : 'echo';
  }
}

/** @param {Piece[]} pieces @param {number} ms @returns {Piece[]} Those that are not too old now. */
function passed(pieces, ms) {
  for (const piece of pieces) piece.ageMs += ms;
  return pieces.filter(({ ageMs }) => ageMs <= ECHO_MS);
}

/** @param {Piece[]} pieces @returns {number} dB below full scale; -100 of none. */
function loudest(pieces) {
  return pieces.reduce((most, { db }) => Math.max(most, db), -100);
}
