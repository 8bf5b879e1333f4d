/**
 * The microphone, on the page's side: which one, on or off, and what is done when it goes away.
 */

import {
  askForMicrophone, isMicrophoneAllowed, listMicrophones, listSpeakers, microphoneProblem,
} from './devices.js';
import { Microphone } from './microphone.js';

/** @typedef {import('./state.js').Problem} Problem */

/** @type {Problem} */
const LOST = Object.freeze({
  key: 'microphone', tone: 'warn', title: 'The microphone was unplugged.',
  hint: 'Typing works without it.', next: { label: 'Use another', action: 'microphone' },
});

/** @param {string} label @returns {Problem} */
const replaced = (label) => ({
  key: 'microphone', tone: 'info', title: 'The microphone was unplugged.',
  hint: `${label || 'Another one'} is used instead.`, next: { label: 'Choose', action: 'settings' },
});

export class Hearing {
  #store;
  #post;
  /** @type {Microphone | null} */
  #microphone = null;
  /** @type {MediaStream | null} The sound of what is shared. */
  #tabSound = null;
  /** Counts what the browser was asked: an answer to a question that was cancelled is let go. */
  #question = 0;

  /**
   * @param {import('./state.js').Store} store
   * @param {import('./actions.js').Post} post To the worker.
   */
  constructor(store, post) {
    this.#store = store;
    this.#post = post;
    navigator.mediaDevices?.addEventListener?.('devicechange', () => void this.#onDevices());
  }

  /**
   * Listen already while the user picks a screen, where that raises no question of its own: what
   * is said meanwhile is kept, and sent with the rest.
   *
   * @returns {Promise<void>}
   */
  async startEarly() {
    if (await isMicrophoneAllowed()) await this.#open();
  }

  /** Turn the microphone on, or take another one; says so where it has to ask. */
  async turnOn() {
    this.#store.update({ asking: 'microphone' });
    const question = this.#question;
    await this.#open();
    if (question + 1 === this.#question) this.#store.update({ asking: null });
  }

  /** An answer that has not come yet is not waited for. */
  cancel() {
    this.#question += 1;
  }

  /** @returns {Promise<boolean>} Whether it is on now. */
  async #open() {
    this.#question += 1;
    const question = this.#question;
    this.#store.dropProblem('microphone');
    /** @type {Microphone | null} */
    let microphone = null;
    try {
      const wanted = this.#store.state.settings.microphone;
      microphone = new Microphone(await askForMicrophone(wanted));
      const port = question === this.#question ? await microphone.start() : null;
      if (port && question === this.#question) return this.#take(microphone, port);
    } catch (error) {
      if (question === this.#question) this.#store.addProblem(microphoneProblem(error));
    }
    // Given up, or of no use: the browser's sign that it is listening goes out.
    microphone?.stop();
    return false;
  }

  /** @param {Microphone} microphone @param {MessagePort} port */
  #take(microphone, port) {
    this.#microphone?.stop();
    this.#microphone = microphone;
    if (this.#tabSound) microphone.mix(this.#tabSound);
    microphone.track.onended = () => void this.#onUnplugged();
    this.#post('microphone', { port }, [port]);
    this.show();
    void this.#list();
    return true;
  }

  /** Tell the page's state what is on. */
  show() {
    if (!this.#microphone) return;
    const { isMuted, track } = this.#microphone;
    this.#store.update({ microphone: { state: isMuted ? 'muted' : 'on', label: track.label } });
  }

  /** The device is gone: another one takes its place if there is one. */
  async #onUnplugged() {
    this.turnOff();
    if ((await listMicrophones()).length > 0 && (await this.#open())) {
      this.#store.addProblem(replaced(this.#microphone?.track.label ?? ''));
    } else {
      this.#store.addProblem(LOST);
    }
  }

  /** What is plugged in has changed: offer it, and go back to the chosen one if it is there again. */
  async #onDevices() {
    const microphones = await this.#list();
    const wanted = this.#store.state.settings.microphone;
    const isThere = microphones.some(({ id }) => id === wanted);
    const used = this.#microphone?.track.getSettings().deviceId;
    if (this.#microphone && isThere && used && used !== wanted) await this.#open();
  }

  async #list() {
    const [microphones, speakers] = await Promise.all([listMicrophones(), listSpeakers()]);
    this.#store.update({ microphones, speakers });
    return microphones;
  }

  turnOff() {
    this.#question += 1;
    if (!this.#microphone) return;
    this.#post('microphone_off');
    this.#microphone.stop();
    this.#microphone = null;
    this.#store.update({ microphone: { state: 'off', label: '' }, isHearing: false });
  }

  /** @param {boolean} isMuted */
  mute(isMuted) {
    if (!this.#microphone) return;
    this.#microphone.mute(isMuted);
    this.#post('mute', { isMuted });
    this.#store.update({ isHearing: false });
    this.show();
  }

  /**
   * The sound of what is shared is there, or no longer.
   *
   * @param {MediaStream | null} stream With a track of sound.
   */
  offerTabSound(stream) {
    this.#stopTabSound();
    this.#tabSound = stream;
    // Browsers tick the tab's sound by themselves, and a film that talks would interrupt every
    // answer: so it is there to be let in, and not in.
    if (stream) this.mixTabSound(false);
    else this.#store.update({ tabSound: 'none' });
  }

  /** Let the assistant hear what is shared, or not. @param {boolean} isOn */
  mixTabSound(isOn) {
    if (!this.#tabSound) return;
    for (const track of this.#tabSound.getAudioTracks()) track.enabled = isOn;
    this.#microphone?.mix(this.#tabSound);
    this.#post('tab_sound', { isOn });
    this.#store.update({ tabSound: isOn ? 'on' : 'off' });
  }

  #stopTabSound() {
    if (!this.#tabSound) return;
    this.#post('tab_sound', { isOn: false });
    for (const track of this.#tabSound.getAudioTracks()) track.stop();
    this.#tabSound = null;
  }
}
