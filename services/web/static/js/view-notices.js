/** Problems told in place, the start page's states, the end. */

import { byRole, icon, make, write } from './dom.js';
import { count } from './format.js';

/** @typedef {import('./state.js').PageState} PageState */
/** @typedef {import('./state.js').Problem} Problem */

/** @param {Problem} problem @returns {HTMLElement} */
function makeNotice({ key, title, hint, tone, next }) {
  const notice = make('div', 'notice');
  notice.dataset.tone = tone;
  notice.dataset.problem = key;
  notice.setAttribute('role', tone === 'warn' ? 'alert' : 'status');
  const words = make('div', 'notice-words');
  words.append(make('p', 'notice-title', title));
  if (hint) words.append(make('p', 'notice-hint', hint));
  notice.append(icon(tone === 'warn' ? 'warn' : 'info'), words);
  if (next) {
    const button = make('button', 'link', next.label);
    button.type = 'button';
    button.dataset.action = next.action;
    notice.append(button);
  }
  const close = make('button', 'tool');
  close.type = 'button';
  close.dataset.action = 'dismiss';
  close.dataset.key = key;
  close.setAttribute('aria-label', `Dismiss: ${title}`);
  close.append(icon('close'));
  notice.append(close);
  return notice;
}

const ASKING = Object.freeze({
  screen: {
    title: 'Waiting for you to pick',
    hint: 'Your browser asks which screen, window or tab to share. Nothing is seen before you choose.',
  },
  camera: { title: 'Waiting for the camera', hint: 'Your browser asks whether this page may use it.' },
  microphone: { title: 'Waiting for the microphone', hint: 'Your browser asks whether this page may use it.' },
});

/** @param {PageState} state @returns {string} */
function overTitle({ ended }) {
  if (ended?.reason === 'client' || ended?.reason === 'unconfirmed') return 'The conversation has ended.';
  if (ended?.reason === 'idle') return 'The conversation ended because nothing was said.';
  if (ended?.reason === 'taken_over') return 'Opened elsewhere.';
  return 'The conversation was ended.';
}

/** @param {PageState} state @returns {string} */
function overHint({ ended, usage }) {
  if (ended?.message) return ended.message;
  if (ended?.reason === 'unconfirmed') {
    return 'The server could not be told. It deletes what was said and shown by itself, within minutes.';
  }
  const tokens = usage.totalTokens > 0 ? ` It used ${count(usage.totalTokens)} tokens.` : '';
  return `What was said and shown is deleted from the server.${tokens}`;
}

export class NoticesView {
  /** @type {readonly Problem[]} */
  #problems = [];
  #isOver = false;

  /** @param {PageState} state */
  draw(state) {
    const isIdle = state.phase === 'idle';
    byRole('start').hidden = !isIdle;
    byRole('live').hidden = isIdle;
    this.#drawStart(state);
    this.#drawStandin(state);
    this.#drawOver(state);
    if (state.problems === this.#problems) return;
    this.#problems = state.problems;
    for (const role of ['start-notices', 'notices']) {
      const isShown = (role === 'start-notices') === isIdle;
      byRole(role).replaceChildren(...(isShown ? state.problems.map(makeNotice) : []));
    }
  }

  /** @param {PageState} state */
  #drawStart({ asking, access }) {
    byRole('asking').hidden = asking === null;
    byRole('access').hidden = access === null || asking !== null;
    byRole('start-actions').hidden = asking !== null || access !== null;
    write(byRole('access-problem'), access?.problem ?? '');
    if (!asking) return;
    write(byRole('asking-title'), ASKING[asking].title);
    write(byRole('asking-hint'), ASKING[asking].hint);
  }

  /** @param {PageState} state */
  #drawStandin({ server }) {
    const isStandin = server?.assistant.standin ?? false;
    byRole('standin').hidden = !isStandin;
    byRole('standin-note').hidden = !isStandin;
    if (!server || !isStandin) return;
    write(byRole('standin'), server.assistant.name);
    write(byRole('standin-note'), `${server.assistant.name} — not Gemini. Set GEMINI_API_KEY to talk to Gemini.`);
  }

  /** @param {PageState} state */
  #drawOver(state) {
    const isOver = state.phase === 'ended';
    byRole('over').hidden = !isOver;
    byRole('continue').hidden = state.ended?.reason !== 'taken_over';
    if (isOver) {
      write(byRole('over-title'), overTitle(state));
      write(byRole('over-hint'), overHint(state));
    }
    // The control that had the focus is gone: it goes to what comes next.
    /** @type {HTMLElement | null} */
    const next = byRole('over').querySelector('button:not([hidden])');
    if (isOver && !this.#isOver) next?.focus();
    this.#isOver = isOver;
  }
}
