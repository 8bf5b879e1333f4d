/** Status line, title, and the row of controls. */

import { buttonsOf, byRole, write } from './dom.js';
import { canShareScreen, canUseMicrophone } from './devices.js';
import { STATUSES, statusLabel, statusOf } from './status.js';
import { drawTabIcon } from './tab-icon.js';

/** @typedef {import('./state.js').PageState} PageState */

/** @param {Element} button @param {string} name A symbol of the sprite. */
function setIcon(button, name) {
  button.querySelector('use')?.setAttribute('href', `#i-${name}`);
}

/** @param {PageState} state @returns {string} What stands beside the status. */
function detailOf(state) {
  if (state.phase !== 'live') return '';
  if (statusOf(state) === 'offline' && state.attempt > 1) return `attempt ${state.attempt}`;
  if (state.session === 'live' && state.server?.assistant.standin) return state.server.assistant.name;
  return state.session === 'live' ? state.model : '';
}

export class ControlsView {
  #root = document.documentElement;
  #status = byRole('status');
  #shape = byRole('status-shape');
  #label = byRole('status-label');
  #announced = byRole('announce-status');
  #mute = byRole('mute');
  #hold = byRole('hold');
  #share = byRole('share');
  #canShare = canShareScreen();
  #canHear = canUseMicrophone();

  /** @param {PageState} state */
  draw(state) {
    this.#drawStatus(state);
    this.#drawMicrophone(state);
    this.#drawShare(state);
    /** @type {HTMLButtonElement} */ (byRole('hush')).disabled = state.playingTurn === null && !state.isAnswering;
    byRole('dock').hidden = state.phase === 'ended';
    byRole('composer').hidden = state.phase === 'ended';
  }

  /** @param {PageState} state */
  #drawStatus(state) {
    const status = statusOf(state);
    const label = statusLabel(state);
    this.#root.dataset.state = status;
    this.#root.dataset.phase = state.phase;
    this.#status.dataset.tone = STATUSES[status].tone;
    this.#shape.setAttribute('href', `#i-s-${STATUSES[status].icon}`);
    write(this.#label, label);
    write(byRole('status-detail'), detailOf(state));
    byRole('status-cancel').hidden = state.asking === null;
    drawTabIcon(status);
    document.title = status === 'idle' ? 'Overshoulder' : `${label} · Overshoulder`;
    // A reader hears what asks for attention, not each breath of the conversation.
    if (['wait', 'bad', 'quiet'].includes(STATUSES[status].tone)) write(this.#announced, label);
  }

  /** @param {PageState} state */
  #drawMicrophone({ microphone, settings }) {
    const isHold = settings.turnTaking === 'push_to_talk' && microphone.state !== 'off';
    this.#hold.hidden = !isHold;
    this.#mute.hidden = !this.#canHear;
    const labels = { off: 'Turn on microphone', on: 'Mute', muted: 'Unmute' };
    write(byRole('mute-label'), labels[microphone.state]);
    setIcon(this.#mute, microphone.state === 'on' ? 'mic' : 'mic-off');
    this.#mute.dataset.on = String(microphone.state === 'on');
    this.#mute.dataset.warn = String(microphone.state === 'muted');
  }

  /** @param {PageState} state */
  #drawShare({ share }) {
    const isOn = share.state === 'on';
    this.#share.hidden = !this.#canShare && !isOn;
    write(byRole('share-label'), isOn ? 'Stop sharing' : 'Share screen');
    setIcon(this.#share, isOn ? 'screen-off' : 'screen');
    this.#share.dataset.on = String(isOn);
    byRole('switch').hidden = !isOn || !this.#canShare;
    for (const button of buttonsOf('start-screen')) button.hidden = !this.#canShare;
    for (const button of buttonsOf('photo')) button.hidden = this.#canShare;
  }
}
