/**
 * The assistant's voice: PCM16 at 24 kHz from the worker → the loudspeaker.
 *
 * Falls silent at once on `flush`, with a short fade so that it does not click, and plays nothing
 * more of that turn or an earlier one. Tells how much of each turn was really heard.
 */

import { Jitter } from '../js/jitter.js';
import { ASSISTANT_RATE_HZ, toFloat32 } from '../js/pcm.js';
import { Resampler } from '../js/resampler.js';

/** Held at most; the gateway runs about two seconds ahead of what is heard. */
const CAPACITY_S = 60;
const FADE_SAMPLES = 64;
const REPORT_EVERY_S = 1;
const LEVEL_EVERY_S = 0.04;

class Playback extends AudioWorkletProcessor {
  #resampler = new Resampler(ASSISTANT_RATE_HZ, sampleRate);
  #ring = new Float32Array(CAPACITY_S * sampleRate);
  #readAt = 0;
  #held = 0;
  /** @type {{ turn: number, samples: number }[]} Whose samples the ring holds, in order. */
  #runs = [];
  #flushedTurn = -1;
  #fadeLeft = 0;
  #isPlaying = false;
  #isEnded = false;
  #turn = -1;
  #heard = 0;
  #unreported = 0;
  #jitter = new Jitter(sampleRate);
  #energy = 0;
  #measured = 0;
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#worker = data.port;
      data.port.onmessage = (/** @type {MessageEvent} */ event) => this.#onMessage(event.data);
    };
  }

  /** @param {{ type: string, turn: number, pcm16: ArrayBuffer }} message */
  #onMessage({ type, turn, pcm16 }) {
    if (type === 'audio') this.#add(turn, new Int16Array(pcm16));
    else if (type === 'flush') this.#flush(turn);
    else if (type === 'reset') this.#reset();
    else this.#isEnded = this.#runs.length > 0;
  }

  /** Another conversation, whose turns are counted from 1 again. */
  #reset() {
    this.#flush(Infinity);
    this.#flushedTurn = -1;
    this.#turn = -1;
  }

  /** @param {number} turn @param {Int16Array} pcm16 */
  #add(turn, pcm16) {
    if (turn <= this.#flushedTurn) return;
    this.#jitter.onMore(turn === this.#turn);
    const samples = new Float32Array(this.#resampler.maxOutput(pcm16.length));
    const length = this.#resampler.process(toFloat32(pcm16), samples);
    const ring = this.#ring;
    // Full: what is newest is left out, since what is being heard must not jump.
    const kept = Math.min(length, ring.length - this.#held);
    let at = (this.#readAt + this.#held) % ring.length;
    for (let i = 0; i < kept; i += 1) {
      ring[at] = samples[i];
      at = at + 1 === ring.length ? 0 : at + 1;
    }
    this.#held += kept;
    const last = this.#runs.at(-1);
    if (last?.turn === turn) last.samples += kept;
    else this.#runs.push({ turn, samples: kept });
    this.#isEnded = false;
  }

  /** @param {number} turn Silence for this one and all before it. */
  #flush(turn) {
    this.#flushedTurn = Math.max(this.#flushedTurn, turn);
    if (this.#runs.length === 0 || this.#runs[0].turn > turn) return;
    this.#report();
    let dropped = 0;
    while (this.#runs.length > 0 && this.#runs[0].turn <= turn) {
      dropped += this.#runs[0].samples;
      this.#runs.shift();
    }
    // The fade plays what would have come next, so it is cut from what is dropped.
    this.#fadeLeft = this.#isPlaying ? Math.min(FADE_SAMPLES, dropped) : 0;
    this.#readAt = (this.#readAt + dropped - this.#fadeLeft) % this.#ring.length;
    if (this.#fadeLeft > 0) this.#moveFade(dropped);
    this.#held -= dropped;
    this.#setPlaying(false);
  }

  /** Move the samples that fade out to where reading goes on. @param {number} dropped */
  #moveFade(dropped) {
    const [ring, readAt, fadeLeft] = [this.#ring, this.#readAt, this.#fadeLeft];
    const from = (readAt + fadeLeft - dropped + ring.length) % ring.length;
    for (let i = 0; i < fadeLeft; i += 1) {
      ring[(readAt + i) % ring.length] = ring[(from + i) % ring.length];
    }
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs @returns {boolean} */
  process(_inputs, [[output]]) {
    let i = 0;
    while (i < output.length && this.#fadeLeft > 0) {
      output[i] = (this.#next() * this.#fadeLeft) / FADE_SAMPLES;
      this.#fadeLeft -= 1;
      i += 1;
    }
    if (!this.#isPlaying && this.#mayStart(output.length)) this.#setPlaying(true);
    while (i < output.length && this.#isPlaying) {
      if (this.#runs.length === 0) {
        this.#jitter.onDry(this.#isEnded);
        this.#setPlaying(false);
      } else {
        this.#count();
        output[i] = this.#next();
        this.#held -= 1;
        i += 1;
      }
    }
    output.fill(0, i);
    if (this.#isPlaying) this.#measure(output);
    return true;
  }

  /** @param {Float32Array} output What goes to the loudspeaker. */
  #measure(output) {
    for (let i = 0; i < output.length; i += 1) this.#energy += output[i] * output[i];
    this.#measured += output.length;
    if (this.#measured < LEVEL_EVERY_S * sampleRate) return;
    const db = 10 * Math.log10(Math.max(1e-10, this.#energy / this.#measured));
    this.#worker?.postMessage({ type: 'sound', turn: this.#turn, playedMs: this.#heardMs(), db });
    this.#energy = 0;
    this.#measured = 0;
  }

  #heardMs() {
    return (this.#heard / sampleRate) * 1_000;
  }

  /** @returns {number} */
  #next() {
    const sample = this.#ring[this.#readAt];
    this.#readAt = this.#readAt + 1 === this.#ring.length ? 0 : this.#readAt + 1;
    return sample;
  }

  /** Note that one sample of the first run is heard. */
  #count() {
    const [run] = this.#runs;
    if (run.turn !== this.#turn) {
      this.#turn = run.turn;
      this.#heard = 0;
      this.#unreported = 0;
      this.#worker?.postMessage({ type: 'playing', turn: run.turn, isPlaying: true });
    }
    run.samples -= 1;
    this.#heard += 1;
    this.#unreported += 1;
    if (run.samples === 0) this.#runs.shift();
    if (run.samples === 0 || this.#unreported >= REPORT_EVERY_S * sampleRate) this.#report();
  }

  /** @param {number} block Samples that pass while waiting. @returns {boolean} */
  #mayStart(block) {
    if (this.#runs.length === 0) {
      this.#jitter.restart();
      return false;
    }
    return this.#isEnded || this.#jitter.mayStart(this.#held, block);
  }

  /** @param {boolean} isPlaying */
  #setPlaying(isPlaying) {
    if (this.#isPlaying === isPlaying) return;
    this.#isPlaying = isPlaying;
    this.#jitter.restart();
    const turn = isPlaying ? this.#runs[0].turn : this.#turn;
    if (!isPlaying || turn === this.#turn) this.#worker?.postMessage({ type: 'playing', turn, isPlaying });
  }

  #report() {
    if (this.#unreported === 0) return;
    this.#unreported = 0;
    this.#worker?.postMessage({ type: 'played', turn: this.#turn, playedMs: this.#heardMs() });
  }
}

registerProcessor('playback', Playback);
