/**
 * Microphone at the device's own rate → PCM16 at 16 kHz in chunks of 40 ms, straight to the worker.
 *
 * One class, and one allocation per chunk: the buffer that is handed over.
 */

import { MICROPHONE_RATE_HZ, toInt16 } from '../js/pcm.js';
import { Resampler } from '../js/resampler.js';

const CHUNK_SAMPLES = 640;
const MAX_BLOCK_SAMPLES = 4_096;

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, MICROPHONE_RATE_HZ);
  #resampled;
  #mono = new Float32Array(MAX_BLOCK_SAMPLES);
  #chunk = new Int16Array(CHUNK_SAMPLES);
  #filled = 0;
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.#resampled = new Float32Array(this.#resampler.maxOutput(MAX_BLOCK_SAMPLES));
    this.port.onmessage = ({ data }) => {
      this.#worker = data.port;
    };
  }

  /** @param {Float32Array[][]} inputs @returns {boolean} Whether it is still needed. */
  process([channels]) {
    if (channels.length === 0) return true;
    const written = this.#resampler.process(this.#toMono(channels), this.#resampled);
    for (let i = 0; i < written; i += 1) {
      this.#chunk[this.#filled] = toInt16(this.#resampled[i]);
      this.#filled += 1;
      if (this.#filled === CHUNK_SAMPLES) this.#handOver();
    }
    return true;
  }

  /** @param {Float32Array[]} channels @returns {Float32Array} Their mean. */
  #toMono(channels) {
    if (channels.length === 1) return channels[0];
    const { length } = channels[0];
    for (let i = 0; i < length; i += 1) {
      let sum = 0;
      for (let channel = 0; channel < channels.length; channel += 1) sum += channels[channel][i];
      this.#mono[i] = sum / channels.length;
    }
    return this.#mono.subarray(0, length);
  }

  #handOver() {
    this.#worker?.postMessage(this.#chunk.buffer, [this.#chunk.buffer]);
    this.#chunk = new Int16Array(CHUNK_SAMPLES);
    this.#filled = 0;
  }
}

registerProcessor('capture', Capture);
