/** Worker → playback worklet → loudspeaker. */

import { loadWorklets, openPort, sharedContext } from './audio.js';

export class Speaker {
  /** @type {GainNode | null} */
  #gain = null;
  #isOn = true;

  /**
   * Get ready to play. Has to be called from a click or a key, before which browsers allow no sound.
   *
   * @param {string} deviceId Empty for the system's choice.
   * @returns {Promise<MessagePort>} Where the worker puts PCM16 at 24 kHz.
   */
  async start(deviceId) {
    const context = sharedContext();
    const resuming = context.resume();
    await loadWorklets(context);
    const node = new AudioWorkletNode(context, 'playback', {
      numberOfInputs: 0, outputChannelCount: [1],
    });
    this.#gain = new GainNode(context, { gain: this.#isOn ? 1 : 0 });
    node.connect(this.#gain).connect(context.destination);
    await resuming;
    if (deviceId) await this.use(deviceId);
    return openPort(node);
  }

  /**
   * Play on another device; one that is gone leaves the sound where it is.
   *
   * @param {string} deviceId Empty for the system's choice.
   */
  async use(deviceId) {
    const context = /** @type {AudioContext & { setSinkId?: (id: string) => Promise<void> }} */ (sharedContext());
    await context.setSinkId?.(deviceId).catch(() => undefined);
  }

  /** Two notes, to hear where the voice comes from. */
  async test() {
    const context = sharedContext();
    await context.resume();
    const gain = new GainNode(context, { gain: 0 });
    const note = new OscillatorNode(context, { frequency: 523 });
    const now = context.currentTime;
    note.frequency.setValueAtTime(659, now + 0.25);
    gain.gain.setTargetAtTime(0.2, now, 0.02);
    gain.gain.setTargetAtTime(0, now + 0.5, 0.04);
    note.connect(gain).connect(context.destination);
    note.start();
    note.stop(now + 0.8);
  }

  /** @param {boolean} isOn Whether answers are heard; they are written either way. */
  setSound(isOn) {
    this.#isOn = isOn;
    this.#gain?.gain.setTargetAtTime(isOn ? 1 : 0, this.#gain.context.currentTime, 0.01);
  }
}
