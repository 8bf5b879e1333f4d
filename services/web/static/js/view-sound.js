/** Both sides of the sound: how loud they are, where it comes from, and what was used. */

import { byRole, write } from './dom.js';
import { count } from './format.js';

/** @typedef {import('./state.js').PageState} PageState */

/** The meters span speech: from a quiet room to a raised voice. */
const QUIET_DB = -58;
const LOUD_DB = -12;

/** @param {PageState} state @returns {string} */
function microphoneFacts({ microphone, settings, tabSound }) {
  const besides = tabSound === 'on' ? ', and the shared tab' : '';
  if (microphone.state === 'off') return 'The microphone is off.';
  if (microphone.state === 'muted') return besides ? 'Muted: only the shared tab is heard.' : 'Muted: no sound is sent.';
  const name = microphone.label || 'Microphone';
  return `${name}${settings.turnTaking === 'push_to_talk' ? ' · sent while held' : besides}`;
}

/** @param {PageState} state @returns {string} */
function usageFacts({ usage }) {
  if (usage.turns === 0) return 'No answer yet.';
  return `${count(usage.totalTokens)} tokens in ${usage.turns} ${usage.turns === 1 ? 'answer' : 'answers'}`;
}

export class SoundView {
  /** What shows each side's level. @type {Record<string, HTMLElement[]>} */
  #meters = {
    user: [byRole('meter'), byRole('settings-meter'), byRole('mute')],
    assistant: [byRole('voice-meter'), byRole('hush')],
  };

  /** @param {PageState} state */
  draw(state) {
    write(byRole('microphone-facts'), microphoneFacts(state));
    write(byRole('usage-facts'), usageFacts(state));
    if (state.playingTurn === null) this.level('assistant', -100);
    const button = byRole('tab-sound');
    button.hidden = state.tabSound === 'none' || state.microphone.state === 'off';
    write(button, state.tabSound === 'on' ? 'Leave the tab’s sound out' : 'Let it hear the tab');
  }

  /**
   * Comes a dozen times a second from each side, past the page's state.
   *
   * @param {'user' | 'assistant'} side
   * @param {number} db
   */
  level(side, db) {
    const share = Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
    for (const element of this.#meters[side]) element.style.setProperty('--level', share.toFixed(3));
  }
}
