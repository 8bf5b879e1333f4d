/**
 * What the user says, on its way from the capture worklet to the gateway. Runs in the worker.
 *
 * Nothing said after the click is lost: sound from before there is a conversation is kept and sent
 * once there is one, and so is the moment before the talk key or before somebody was noticed to
 * speak over the assistant.
 */

import { EchoGuard } from './echo-guard.js';
import { levelDb } from './pcm.js';
import { nowMs } from './socket.js';
import { SpeechDetector } from './speech-detector.js';

const CHUNK_MS = 40;
/** How often the page hears about levels; finer than this nobody sees. */
const LEVEL_EVERY_MS = 80;
/** Kept while the browser still asks what to share: longer than it takes to pick and say a sentence. */
const EARLY_CHUNKS = 10_000 / CHUNK_MS;
/** Kept from before the talk key was down: the first word begins a bit early. */
const PREROLL_CHUNKS = 5;

/** @typedef {{ pcm16: Uint8Array<ArrayBuffer>, timeMs: number }} Chunk */
/**
 * @typedef {object} Listener
 * @property {(chunk: Chunk) => void} onChunk To be sent.
 * @property {(message: import('./messages.js').Message) => void} onControl To be sent.
 * @property {(isSpeaking: boolean) => void} onSpeech
 * @property {(db: number) => void} onLevel
 */

export class Voice {
  #listener;
  #isOpen = false;
  #isOn = false;
  #isMuted = false;
  #hasTabSound = false;
  #isPushToTalk = false;
  #isTalking = false;
  /** Whether what is played is heard at all. */
  isSoundOn = true;
  /** @type {Chunk[]} The newest of what was not sent. */
  #kept = [];
  /** @type {MessagePort | null} */
  #port = null;
  #detector = new SpeechDetector();
  #guard = new EchoGuard();
  #levelToldMs = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** Whether the model is told that sound is coming. */
  get isActive() {
    return this.#isOn && (!this.#isMuted || this.#hasTabSound);
  }

  /** There is a conversation now: what was said since the click belongs to it. @param {boolean} isPushToTalk */
  open(isPushToTalk) {
    this.#isOpen = true;
    this.#isPushToTalk = isPushToTalk;
    if (!this.#isOn) return;
    this.#tellActive();
    if (!isPushToTalk) this.#sendKept();
  }

  /** @param {MessagePort} port Where the capture worklet puts PCM16 at 16 kHz, 40 ms at a time. */
  turnOn(port) {
    this.#port?.close();
    this.#port = port;
    port.onmessage = (/** @type {MessageEvent<ArrayBuffer>} */ { data }) => this.#take(data);
    const wasActive = this.isActive;
    this.#isOn = true;
    this.#isMuted = false;
    if (!wasActive) this.#tellActive();
  }

  turnOff() {
    if (!this.#isOn) return;
    this.talk(false);
    const wasActive = this.isActive;
    this.#isOn = false;
    this.#kept = [];
    this.#port?.close();
    this.#port = null;
    this.#onSpeech(this.#detector.stop());
    if (wasActive) this.#tellActive();
  }

  /** The conversation is over. */
  close() {
    this.turnOff();
    this.#isOpen = false;
  }

  /** @param {boolean} isMuted */
  mute(isMuted) {
    if (!this.#isOn || this.#isMuted === isMuted) return;
    if (isMuted) this.talk(false);
    this.#change(() => {
      this.#isMuted = isMuted;
    });
  }

  /** The sound of what is shared is mixed in, or no longer. @param {boolean} isOn */
  mixTabSound(isOn) {
    this.#change(() => {
      this.#hasTabSound = isOn;
    });
  }

  /** @param {() => void} change */
  #change(change) {
    const wasActive = this.isActive;
    change();
    this.#kept = [];
    if (wasActive === this.isActive) return;
    this.#onSpeech(this.#detector.stop());
    this.#tellActive();
  }

  /** @param {boolean} active The talk key went down or up. */
  talk(active) {
    if (!this.#isOn || this.#isTalking === active) return;
    this.#isTalking = active;
    this.#listener.onControl({ type: 'talk', active });
    if (active) this.#sendKept();
    this.#kept = [];
    this.#onSpeech(active ? 'started' : 'ended');
  }

  /** What the loudspeaker plays now. @param {number} db */
  onPlayed(db) {
    if (this.isSoundOn) this.#guard.onPlayed(db);
  }

  /** Say whether sound comes; a new session knows nothing of what is already on. */
  repeatActive() {
    if (this.#isOn) this.#tellActive();
  }

  #tellActive() {
    // The last that is told of a level must not be the last that was heard.
    if (!this.isActive) this.#listener.onLevel(-100);
    if (this.#isOpen) this.#listener.onControl({ type: 'microphone', active: this.isActive });
  }

  /** @param {ArrayBuffer} buffer */
  #take(buffer) {
    if (!this.isActive) return;
    const db = levelDb(new Int16Array(buffer));
    this.#tellLevel(db);
    const chunk = { pcm16: new Uint8Array(buffer), timeMs: nowMs() - CHUNK_MS };
    if (!this.#isOpen) this.#keep(chunk, EARLY_CHUNKS);
    else if (this.#isPushToTalk && !this.#isTalking) this.#keep(chunk, PREROLL_CHUNKS);
    else if (this.#isPushToTalk) this.#listener.onChunk(chunk);
    else this.#hear(chunk, db);
  }

  /**
   * Open microphone: the model decides when somebody speaks, so it must not hear itself.
   *
   * @param {Chunk} chunk
   * @param {number} db
   */
  #hear(chunk, db) {
    if (this.#isMuted) {
      // What is left is the shared tab, and that is nobody who speaks here.
      this.#listener.onChunk(chunk);
      return;
    }
    const found = this.#guard.push(db, CHUNK_MS);
    if (found === 'echo') {
      this.#keep(chunk, PREROLL_CHUNKS);
      this.#listener.onChunk({ ...chunk, pcm16: new Uint8Array(chunk.pcm16.byteLength) });
      this.#onSpeech(this.#detector.push(-100, CHUNK_MS));
      return;
    }
    if (found === 'opened') this.#sendKept();
    this.#kept = [];
    this.#listener.onChunk(chunk);
    this.#onSpeech(this.#detector.push(db, CHUNK_MS));
  }

  /** @param {Chunk} chunk @param {number} most */
  #keep(chunk, most) {
    this.#kept.push(chunk);
    if (this.#kept.length > most) this.#kept.shift();
  }

  #sendKept() {
    for (const chunk of this.#kept) this.#listener.onChunk(chunk);
    this.#kept = [];
  }

  /** @param {'started' | 'ended' | null} event */
  #onSpeech(event) {
    if (event) this.#listener.onSpeech(event === 'started');
  }

  /** @param {number} db */
  #tellLevel(db) {
    const now = performance.now();
    if (now - this.#levelToldMs < LEVEL_EVERY_MS) return;
    this.#levelToldMs = now;
    this.#listener.onLevel(db);
  }
}
