/** Microphone → capture worklet → worker. */

import { loadWorklets, openPort, run, sharedContext } from './audio.js';

/**
 * A source of the stream's sound, in a context that takes it.
 *
 * Firefox refuses a microphone whose rate differs from its context's; such a one gets a context of
 * its own rate.
 *
 * @param {MediaStream} stream
 * @returns {MediaStreamAudioSourceNode}
 */
function sourceOf(stream) {
  const context = sharedContext();
  try {
    return context.createMediaStreamSource(stream);
  } catch (error) {
    const { sampleRate } = stream.getAudioTracks()[0].getSettings();
    if (!sampleRate || sampleRate === context.sampleRate) throw error;
    return new AudioContext({ sampleRate }).createMediaStreamSource(stream);
  }
}

export class Microphone {
  #stream;
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  /** @type {AudioWorkletNode | null} */
  #node = null;
  /** @type {MediaStreamAudioSourceNode | null} What is mixed in. */
  #extra = null;

  /** @param {MediaStream} stream */
  constructor(stream) {
    this.#stream = stream;
    this.track = stream.getAudioTracks()[0];
  }

  get isMuted() {
    return !this.track.enabled;
  }

  /**
   * @returns {Promise<MessagePort>} Where PCM16 at 16 kHz comes out, 40 ms at a time.
   * @throws {DOMException} If the browser cannot take sound from this device, or has no sound at all.
   */
  async start() {
    this.#source = sourceOf(this.#stream);
    const context = /** @type {AudioContext} */ (this.#source.context);
    await Promise.all([loadWorklets(context), run(context)]);
    this.#node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
    this.#source.connect(this.#node);
    return openPort(this.#node);
  }

  /** @param {boolean} isMuted */
  mute(isMuted) {
    this.track.enabled = !isMuted;
  }

  /** Add the sound of another stream to what is sent. @param {MediaStream} stream */
  mix(stream) {
    if (!this.#node || this.#extra?.mediaStream === stream) return;
    this.#extra?.disconnect();
    const context = /** @type {AudioContext} */ (this.#node.context);
    this.#extra = context.createMediaStreamSource(stream);
    this.#extra.connect(this.#node);
  }

  stop() {
    this.track.onended = null;
    this.track.stop();
    this.#source?.disconnect();
    this.#extra?.disconnect();
    this.#node?.disconnect();
    const context = /** @type {AudioContext | undefined} */ (this.#source?.context);
    if (context && context !== sharedContext()) void context.close();
  }
}
