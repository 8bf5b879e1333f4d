/** Worker → playback worklet → loudspeaker. */

import { loadWorklets, openPort, sharedContext } from './audio.js';

export class Speaker {
  constructor() {
    /** @type {GainNode | null} */
    this.gain = null;
    this.isOn = true;
  }

  /**
   * Get ready to play. Has to be called from a click or a key, before which browsers allow no sound.
   *
   * @returns {Promise<MessagePort>} Where the worker puts PCM16 at 24 kHz.
   */
  async start() {
    const context = sharedContext();
    const resuming = context.resume();
    await loadWorklets(context);
    const node = new AudioWorkletNode(context, 'playback', {
      numberOfInputs: 0, outputChannelCount: [1],
    });
    this.gain = new GainNode(context, { gain: this.isOn ? 1 : 0 });
    node.connect(this.gain).connect(context.destination);
    await resuming;
    return openPort(node);
  }

  /** @param {boolean} isOn Whether answers are heard; they are written either way. */
  setSound(isOn) {
    this.isOn = isOn;
    this.gain?.gain.setTargetAtTime(isOn ? 1 : 0, this.gain.context.currentTime, 0.01);
  }
}
