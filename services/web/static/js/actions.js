/**
 * What the user can do. Each action is a method; buttons and keys call the same ones.
 *
 * Holds the devices, which belong to the page; the worker is told, the store is updated.
 */

import { addTyped, cutAnswer } from './conversation.js';
import {
  askForCamera, askForMicrophone, askForScreen, listMicrophones, microphoneProblem, screenProblem,
} from './devices.js';
import { afterEnd } from './events.js';
import { Microphone } from './microphone.js';
import { Share } from './share.js';
import { Speaker } from './speaker.js';
import { writeSession, writeSettings } from './storage.js';

/** @typedef {'screen' | 'camera' | 'talk' | 'type'} Mode */
/** @typedef {(kind: string, data?: Record<string, unknown>, transfer?: Transferable[]) => void} Post */

const MICROPHONE_LOST = Object.freeze({
  key: 'microphone', tone: /** @type {const} */ ('warn'),
  title: 'The microphone was unplugged.', hint: 'Typing works without it.',
  next: Object.freeze({ label: 'Use another', action: 'microphone' }),
});

export class Actions {
  /**
   * @param {import('./state.js').Store} store
   * @param {Post} post To the worker.
   */
  constructor(store, post) {
    this.store = store;
    this.post = post;
    /** @type {Share | null} */
    this.share = null;
    /** @type {Microphone | null} */
    this.microphone = null;
    this.speaker = new Speaker();
    this.isSpeakerStarted = false;
    /** Counts what the browser was asked: an answer to a question that was cancelled is let go. */
    this.question = 0;
  }

  get state() {
    return this.store.state;
  }

  /** Start a conversation; called from a click. @param {Mode} mode */
  async start(mode) {
    if (this.state.phase === 'live') return;
    this.startSpeaker();
    this.store.startOver('idle');
    if (mode === 'screen' || mode === 'camera') {
      const share = await this.#pick(mode);
      if (!share) return;
      this.#open(null);
      await this.#show(share);
    } else {
      this.#open(null);
    }
    if (mode !== 'type') await this.microphoneOn();
  }

  /** @param {{ session: string, token: string } | null} session The one to go on with. */
  #open(session) {
    const { voice, preset, instructions, turnTaking } = this.state.settings;
    this.store.startOver('live');
    this.post('open', { session, options: { voice, preset, instructions, turn_taking: turnTaking } });
  }

  /** Go on with a conversation after the page was loaded again. @param {{ session: string, token: string }} session */
  resume(session) {
    this.#open(session);
  }

  /** Take a conversation back that was opened elsewhere. */
  takeBack() {
    const { lines, usage } = this.state;
    this.startSpeaker();
    this.post('reopen');
    this.store.startOver('live');
    this.store.update({ lines, usage, wasLive: true });
  }

  /** Browsers allow sound only after a click or a key; called from each until it worked. */
  startSpeaker() {
    if (this.isSpeakerStarted) return;
    this.isSpeakerStarted = true;
    this.speaker.setSound(this.state.settings.sound);
    void this.speaker.start().then((port) => this.post('playback', { port }, [port]));
  }

  /**
   * @param {'screen' | 'camera'} what
   * @returns {Promise<Share | null>} `null` if cancelled, by the user here or in the browser.
   */
  async #pick(what) {
    this.question += 1;
    const { question } = this;
    this.store.dropProblem('screen');
    this.store.update({ asking: what });
    try {
      const stream = await (what === 'camera' ? askForCamera() : askForScreen());
      const share = new Share(stream, what === 'camera');
      if (question === this.question) return share;
      share.stop();
    } catch (error) {
      if (question === this.question) this.store.addProblem(screenProblem(error));
    } finally {
      if (question === this.question) this.store.update({ asking: null });
    }
    return null;
  }

  /** Stop waiting for an answer that the browser has not got from the user. */
  cancel() {
    this.question += 1;
    this.store.update({ asking: null });
  }

  /** @param {Share} share */
  async #show(share) {
    this.share?.stop();
    this.share = share;
    share.track.onended = () => this.stopSharing();
    const { surface, label } = share;
    this.store.update({ share: { state: 'on', surface, label }, picture: null });
    const frames = await share.frames();
    if (this.share !== share) return;
    this.post('share', { frames, surface }, frames ? [frames] : []);
    this.tellWhetherCalm();
  }

  /** Share something, or something else. */
  async shareScreen() {
    if (this.state.phase !== 'live') return this.start('screen');
    const share = await this.#pick('screen');
    if (!share) return;
    if (this.state.phase === 'live') await this.#show(share);
    else share.stop();
  }

  stopSharing() {
    if (!this.share) return;
    this.post('share_off');
    this.share.stop();
    this.share = null;
    this.store.update({ share: { state: 'off', surface: '', label: '' }, picture: null });
  }

  toggleSharing() {
    if (this.share) this.stopSharing();
    else void this.shareScreen();
  }

  /** A whole screen on which this page is seen changes with every word that the page writes. */
  tellWhetherCalm() {
    const isCalm = this.state.share.surface === 'monitor' && document.visibilityState === 'visible';
    this.post('calm', { isCalm });
  }

  /** Turn the microphone on, or take another one. */
  async microphoneOn() {
    this.question += 1;
    const { question } = this;
    this.store.dropProblem('microphone');
    this.store.update({ asking: 'microphone' });
    try {
      const microphone = new Microphone(await askForMicrophone(this.state.settings.microphone));
      if (question === this.question && this.state.phase === 'live') await this.#hear(microphone);
      else microphone.stop();
    } catch (error) {
      if (question === this.question) this.store.addProblem(microphoneProblem(error));
    } finally {
      if (question === this.question) this.store.update({ asking: null });
    }
  }

  /** @param {Microphone} microphone */
  async #hear(microphone) {
    const port = await microphone.start();
    this.microphone?.stop();
    this.microphone = microphone;
    microphone.track.onended = () => {
      this.#stopMicrophone();
      this.store.addProblem(MICROPHONE_LOST);
    };
    this.post('microphone', { port }, [port]);
    this.store.update({ microphone: { state: 'on', label: microphone.track.label } });
    this.store.update({ microphones: await listMicrophones() });
  }

  #stopMicrophone() {
    this.post('microphone_off');
    this.microphone?.stop();
    this.microphone = null;
    this.store.update({ microphone: { state: 'off', label: '' }, isHearing: false });
  }

  /** Mute, unmute, or turn on a microphone that is not on yet. */
  toggleMute() {
    const { phase, microphone } = this.state;
    if (phase !== 'live') return;
    if (!this.microphone) {
      void this.microphoneOn();
      return;
    }
    const isMuted = microphone.state === 'on';
    this.microphone.mute(isMuted);
    this.post('mute', { isMuted });
    this.store.update({ microphone: { ...microphone, state: isMuted ? 'muted' : 'on' }, isHearing: false });
  }

  /** Push-to-talk: the key or the button went down or up. @param {boolean} active */
  talk(active) {
    const { phase, settings, microphone } = this.state;
    if (phase !== 'live' || settings.turnTaking !== 'push_to_talk') return;
    if (active && microphone.state === 'muted') this.toggleMute();
    if (active) this.hush();
    this.post('talk', { active });
  }

  /** @param {string} text @returns {boolean} Whether it was taken. */
  ask(text) {
    const question = text.trim();
    if (!question || this.state.phase !== 'live') return false;
    this.post('ask', { text: question });
    this.store.update({ lines: addTyped(this.state.lines, question, Date.now()), isThinking: true });
    return true;
  }

  /** Stop the voice at once, here; what was heard of the answer is told to the model. */
  hush() {
    const { playingTurn, lines } = this.state;
    if (playingTurn === null) return;
    this.post('hush', { turn: playingTurn });
    this.store.update({
      lines: cutAnswer(lines, playingTurn, true), playingTurn: null, isAnswering: false,
      isInterrupted: true,
    });
  }

  /** End the conversation; everything of it is deleted. */
  end() {
    if (this.state.phase !== 'live') return;
    this.question += 1;
    const reason = this.state.link === 'open' ? 'client' : 'unconfirmed';
    this.store.update(afterEnd(this.state, { reason, message: '' }));
    this.releaseDevices();
    this.post('end');
    writeSession(null);
  }

  /** Back to the beginning. */
  again() {
    this.end();
    this.store.startOver('idle');
  }

  /** Let go of screen and microphone, so that the browser's own signs of them go out. */
  releaseDevices() {
    this.stopSharing();
    if (this.microphone) this.#stopMicrophone();
  }

  /** @param {Partial<import('./state.js').Settings>} change */
  changeSettings(change) {
    const settings = { ...this.state.settings, ...change };
    this.store.update({ settings });
    writeSettings(settings);
    if ('sound' in change) this.speaker.setSound(settings.sound);
    if ('microphone' in change && this.microphone) void this.microphoneOn();
  }
}
