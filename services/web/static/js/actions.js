/**
 * What the user can do. Each action is a method; buttons and keys call the same ones.
 *
 * Holds the devices, which belong to the page; the worker is told, the store is updated.
 */

import { addTyped, cutAnswer } from './conversation.js';
import { askForCamera, askForScreen, screenProblem } from './devices.js';
import { afterEnd } from './events.js';
import { Hearing } from './hearing.js';
import { optionsOf } from './options.js';
import { streamOfPhoto } from './photo.js';
import { Share } from './share.js';
import { ShareActions } from './share-actions.js';
import { Speaker } from './speaker.js';
import { writeSession, writeSettings } from './storage.js';

/** @typedef {'screen' | 'camera' | 'talk' | 'type'} Mode */
/** @typedef {(kind: string, data?: Record<string, unknown>, transfer?: Transferable[]) => void} Post */

export class Actions {
  /** @type {Share | null} */
  share = null;
  speaker = new Speaker();
  #isSpeakerStarted = false;
  /** Counts what the browser was asked: an answer to a question that was cancelled is let go. */
  #question = 0;

  /**
   * @param {import('./state.js').Store} store
   * @param {Post} post To the worker.
   */
  constructor(store, post) {
    this.store = store;
    this.post = post;
    this.hearing = new Hearing(store, post);
    this.shareActions = new ShareActions(store, post);
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
      const early = this.hearing.startEarly();
      const share = await this.#pick(mode);
      if (!share) {
        this.hearing.turnOff();
        return;
      }
      this.#open(null);
      await this.#show(share);
      await early;
    } else {
      this.#open(null);
    }
    if (mode !== 'type' && this.state.microphone.state === 'off') await this.hearing.turnOn();
  }

  /** @param {{ session: string, token: string } | null} session The one to go on with. */
  #open(session) {
    const { settings, server } = this.state;
    this.store.startOver('live');
    this.post('detail', { detail: settings.detail });
    this.post('open', { session, options: optionsOf(settings, server?.models ?? []) });
    this.hearing.show();
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
    if (this.#isSpeakerStarted) return;
    this.#isSpeakerStarted = true;
    this.#setSound();
    void this.speaker.start(this.state.settings.speaker)
      .then((port) => this.post('playback', { port }, [port]));
  }

  #setSound() {
    const { sound } = this.state.settings;
    this.speaker.setSound(sound);
    this.post('sound', { isOn: sound });
  }

  /**
   * @param {'screen' | 'camera'} what
   * @returns {Promise<Share | null>} `null` if cancelled, by the user here or in the browser.
   */
  async #pick(what) {
    this.#question += 1;
    const question = this.#question;
    this.store.dropProblem('screen');
    this.store.update({ asking: what });
    try {
      const stream = await (what === 'camera' ? askForCamera() : askForScreen());
      const share = new Share(stream, what);
      if (question === this.#question) return share;
      share.stop();
    } catch (error) {
      if (question === this.#question) this.store.addProblem(screenProblem(error));
    } finally {
      if (question === this.#question) this.store.update({ asking: null });
    }
    return null;
  }

  /** Stop waiting for an answer that the browser has not got from the user. */
  cancel() {
    this.#question += 1;
    // A start that was given up leaves nothing on; a conversation goes on with what it has.
    if (this.state.phase === 'live') this.hearing.cancel();
    else this.hearing.turnOff();
    this.store.update({ asking: null });
  }

  /** @param {Share} share */
  async #show(share) {
    this.share?.stop();
    this.share = share;
    share.track.onended = () => this.stopSharing();
    const sound = share.stream.getAudioTracks();
    this.hearing.offerTabSound(sound.length > 0 ? new MediaStream(sound) : null);
    const { surface, label } = share;
    const sight = this.shareActions.begin(surface, label);
    const frames = share.frames();
    if (this.share !== share) return;
    this.post('share', { frames, surface, sight }, frames ? [frames] : []);
    this.shareActions.tellWhetherCalm();
  }

  /** Show a photo in place of a screen, in this conversation or a new one. @param {Blob} file */
  async showPhoto(file) {
    try {
      const share = new Share(await streamOfPhoto(file), 'photo');
      if (this.state.phase !== 'live') await this.start('type');
      await this.#show(share);
    } catch {
      this.store.addProblem({
        key: 'screen', tone: 'warn', title: 'This file is no picture that the browser can read.',
        hint: 'A JPEG, PNG or WebP will do.', next: { label: 'Choose another', action: 'photo' },
      });
    }
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
    this.hearing.offerTabSound(null);
    this.share.stop();
    this.share = null;
    this.shareActions.end();
  }

  toggleSharing() {
    if (this.share) this.stopSharing();
    else void this.shareScreen();
  }

  /** Mute, unmute, or turn on a microphone that is not on yet. */
  toggleMute() {
    const { phase, microphone } = this.state;
    if (phase !== 'live') return;
    if (microphone.state === 'off') void this.hearing.turnOn();
    else this.hearing.mute(microphone.state === 'on');
  }

  /** Push-to-talk: the key or the button went down or up. @param {boolean} active */
  talk(active) {
    const { phase, settings, microphone } = this.state;
    if (phase !== 'live' || settings.turnTaking !== 'push_to_talk') return;
    if (active && microphone.state === 'muted') this.toggleMute();
    if (active) this.#fallSilent();
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

  /** Stop the voice at once, and let the model know that nobody wants the rest. */
  hush() {
    const { playingTurn, isAnswering, answerTurn } = this.state;
    const turn = playingTurn ?? (isAnswering ? answerTurn : null);
    if (turn === null) return;
    this.#fallSilent();
    this.post('stop', { turn });
    this.store.update({ lines: cutAnswer(this.state.lines, turn, true), isAnswering: false, isInterrupted: true });
  }

  #fallSilent() {
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
    this.#question += 1;
    const reason = this.state.link === 'open' ? 'client' : 'unconfirmed';
    this.store.update(afterEnd(this.state, { reason, message: '' }));
    this.releaseDevices();
    this.post('end');
    writeSession(null);
  }

  /** Back to the beginning: nothing of the conversation is left, on this page either. */
  again() {
    this.end();
    this.store.startOver('idle');
  }

  /** Let go of screen and microphone, so that the browser's own signs of them go out. */
  releaseDevices() {
    this.stopSharing();
    this.hearing.turnOff();
  }

  /** @param {Partial<import('./state.js').Settings>} change */
  changeSettings(change) {
    const settings = { ...this.state.settings, ...change };
    this.store.update({ settings });
    writeSettings(settings);
    if ('detail' in change) this.post('detail', { detail: settings.detail });
    if ('sound' in change) this.#setSound();
    if ('speaker' in change) void this.speaker.use(settings.speaker);
    if ('microphone' in change && this.state.microphone.state !== 'off') void this.hearing.turnOn();
  }
}
