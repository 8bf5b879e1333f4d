/**
 * Tells when someone starts and stops to speak, by loudness against the noise of the room.
 *
 * It decides nothing about turns (the model does); it only tells when a fresh picture is worth
 * sending and what the page shows. Too eager costs one picture, so simple is right here.
 *
 * Pure: time is counted in the audio it is given.
 */

/** How far above the noise speech has to be. */
const SPEECH_MARGIN_DB = 10;
/** Quieter than this is never speech. */
const FLOOR_DB = -52;
/** A click or a key is shorter than this. */
const SPEECH_ONSET_MS = 80;
/** Pauses inside a sentence are shorter than this. */
const SPEECH_HANGOVER_MS = 600;
/** The noise estimate follows a quieter room at once and a louder one this slowly. */
const NOISE_RISE_DB_PER_S = 3;

export class SpeechDetector {
  #isSpeaking = false;
  #noiseDb = -60;
  #loudMs = 0;
  #quietMs = 0;

  /**
   * Take the loudness of the next piece of audio.
   *
   * @param {number} db Root mean square below full scale.
   * @param {number} durationMs
   * @returns {'started' | 'ended' | null} What just happened, if anything.
   */
  push(db, durationMs) {
    const rise = (NOISE_RISE_DB_PER_S * durationMs) / 1_000;
    this.#noiseDb = Math.max(-80, Math.min(db, this.#noiseDb + rise));
    const isLoud = db > Math.max(FLOOR_DB, this.#noiseDb + SPEECH_MARGIN_DB);
    this.#loudMs = isLoud ? this.#loudMs + durationMs : 0;
    this.#quietMs = isLoud ? 0 : this.#quietMs + durationMs;
    if (!this.#isSpeaking && this.#loudMs >= SPEECH_ONSET_MS) {
      this.#isSpeaking = true;
      return 'started';
    }
    if (this.#isSpeaking && this.#quietMs >= SPEECH_HANGOVER_MS) return this.stop();
    return null;
  }

  /**
   * The microphone went off: whatever was being said is over.
   *
   * @returns {'ended' | null}
   */
  stop() {
    const wasSpeaking = this.#isSpeaking;
    this.#isSpeaking = false;
    this.#loudMs = 0;
    this.#quietMs = 0;
    return wasSpeaking ? 'ended' : null;
  }
}
