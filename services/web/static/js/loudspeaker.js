/**
 * What the assistant says, on its way from the gateway to the playback worklet. Runs in the worker.
 */

/** The worklet tells its level every 40 ms; the page hears of it half as often, and of the place less. */
const LEVEL_EVERY = 2;
const POSITION_EVERY = 4;
const BYTES_PER_MS = 48;

/**
 * @typedef {object} Listener
 * @property {(turn: number, playedMs: number) => void} onPlayed How much of a turn was heard by now;
 *   now and then, and whenever it stops.
 * @property {(turn: number, isPlaying: boolean) => void} onPlaying
 * @property {(db: number) => void} onSound How loud it is, every 40 ms.
 * @property {(db: number) => void} onLevel The same, as often as somebody sees.
 * @property {(turn: number, playedMs: number) => void} onPosition For whoever follows the words.
 */

export class Loudspeaker {
  #listener;
  /** @type {MessagePort | null} */
  #port = null;
  #turn = 0;
  #receivedMs = 0;
  #levels = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {MessagePort} port Of the playback worklet. */
  attach(port) {
    this.#port = port;
    port.onmessage = (/** @type {MessageEvent} */ { data }) => this.#onReport(data);
  }

  /** @param {number} turn @param {ArrayBuffer} pcm16 At 24 kHz; handed over. */
  play(turn, pcm16) {
    this.#enter(turn);
    this.#receivedMs += pcm16.byteLength / BYTES_PER_MS;
    this.#port?.postMessage({ type: 'audio', turn, pcm16 }, [pcm16]);
  }

  /**
   * Where in the sound of a turn the words belong that come now.
   *
   * @param {number} turn
   * @returns {number} How much of its sound has come, in ms.
   */
  placeOf(turn) {
    this.#enter(turn);
    return this.#receivedMs;
  }

  /** @param {number} turn */
  #enter(turn) {
    if (turn <= this.#turn) return;
    this.#turn = turn;
    this.#receivedMs = 0;
  }

  /** Silence at once for a turn and all before it. @param {number} turn */
  flush(turn) {
    this.#port?.postMessage({ type: 'flush', turn });
  }

  /** A turn is complete: what is held of it need not wait for more. @param {number} turn */
  finish(turn) {
    this.#port?.postMessage({ type: 'end', turn });
  }

  /** Another conversation, whose turns are counted from 1 again. */
  reset() {
    this.#turn = 0;
    this.#receivedMs = 0;
    this.#port?.postMessage({ type: 'reset' });
  }

  /** @param {{ type: string, turn: number, playedMs: number, isPlaying: boolean, db: number }} report */
  #onReport({ type, turn, playedMs, isPlaying, db }) {
    if (type === 'played') this.#listener.onPlayed(turn, playedMs);
    else if (type === 'playing') this.#onPlaying(turn, isPlaying);
    else this.#onSound(turn, playedMs, db);
  }

  /** @param {number} turn @param {boolean} isPlaying */
  #onPlaying(turn, isPlaying) {
    this.#levels = 0;
    if (!isPlaying) this.#listener.onLevel(-100);
    this.#listener.onPlaying(turn, isPlaying);
  }

  /** @param {number} turn @param {number} playedMs @param {number} db */
  #onSound(turn, playedMs, db) {
    this.#listener.onSound(db);
    if (this.#levels % LEVEL_EVERY === 0) this.#listener.onLevel(db);
    if (this.#levels % POSITION_EVERY === 0) this.#listener.onPosition(turn, playedMs);
    this.#levels += 1;
  }
}
