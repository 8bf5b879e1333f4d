/** The details: tokens and what they cost, how quick it is, what is sent, and what happened. */

import { makeButton, makeDialog } from './dialog.js';
import { diagnosticsOf } from './diagnostics.js';
import { make } from './dom.js';
import { download, stamp } from './download.js';
import { clock, count, kilobytes } from './format.js';
import { KINDS, PRICES, dollars } from './usage.js';

/** @typedef {import('./state.js').PageState} PageState */

const SHOWN_ENTRIES = 60;
const KIND_NAMES = Object.freeze({ text: 'Text', audio: 'Audio', image: 'Images' });

/** @param {number | null | undefined} ms @returns {string} */
const milliseconds = (ms) => (ms === null || ms === undefined ? '–' : `${count(Math.round(ms))} ms`);

/** @param {PageState} state @returns {[name: string, value: string][]} */
function figuresOf({ figures }) {
  return [
    ['End of a question to first sound', milliseconds(figures?.answerMs)],
    ['To the server and back', milliseconds(figures?.pingMs)],
    ['Frames sent', count(figures?.framesSent ?? 0)],
    ['Frames skipped, nothing new', count(figures?.framesSkipped ?? 0)],
    ['Upload', figures ? `${kilobytes(figures.uploadBytesPerS)}/s, ${kilobytes(figures.uploadBytes)} in all` : '–'],
  ];
}

/** @param {PageState} state @returns {string} */
function costOf({ usage, server, model }) {
  if (server?.assistant.standin) return `${server.assistant.name} costs nothing.`;
  if (usage.turns === 0) return 'Nothing used yet.';
  return `About $${dollars(usage).toFixed(4)}: an estimate from the public prices of ${PRICES.date} for ${
    model || 'Gemini’s live models'}; your bill may differ.`;
}

export class Drawer {
  #store;
  #log;
  #dialog;
  #tokens = make('table', 'numbers');
  #cost = make('p', 'facts');
  #figures = make('dl', 'figures');
  #events = make('ol', 'events');

  /**
   * @param {import('./state.js').Store} store
   * @param {import('./event-log.js').EventLog} log
   */
  constructor(store, log) {
    this.#store = store;
    this.#log = log;
    const { dialog, body } = makeDialog('drawer', 'details', 'Details');
    this.#dialog = dialog;
    this.#events.tabIndex = 0;
    this.#events.setAttribute('aria-label', 'What happened');
    body.append(
      make('h3', '', 'Tokens'), this.#tokens, this.#cost, make('h3', '', 'Speed and amount'), this.#figures,
      make('h3', '', 'What happened'), this.#events,
      makeButton('Download diagnostics', () => this.#download()),
      make('p', 'field-hint', 'A JSON file with all of this. It holds no key, no code and none of your words.'),
    );
    store.addEventListener('change', () => {
      if (dialog.open) this.#draw();
    });
  }

  open() {
    this.#draw();
    this.#dialog.showModal();
  }

  #draw() {
    const { state } = this.#store;
    this.#drawTokens(state);
    this.#cost.textContent = costOf(state);
    this.#figures.replaceChildren(...figuresOf(state).flatMap(([name, value]) => [make('dt', '', name), make('dd', '', value)]));
    this.#events.replaceChildren(...this.#log.entries.slice(-SHOWN_ENTRIES).toReversed().map(({ timeMs, what }) => {
      const item = make('li', '', what);
      item.prepend(make('time', '', clock(timeMs)));
      return item;
    }));
  }

  /** @param {PageState} state */
  #drawTokens({ usage }) {
    const row = (/** @type {'th' | 'td'} */ kind, /** @type {string[]} */ ...cells) => {
      const line = make('tr', '');
      line.append(...cells.map((cell, index) => make(index === 0 ? 'th' : kind, '', cell)));
      return line;
    };
    const body = KINDS.map((kind) => row('td', KIND_NAMES[kind], count(usage.prompt[kind]), count(usage.response[kind])));
    this.#tokens.replaceChildren(row('th', 'Kind', 'In', 'Out'), ...body);
  }

  #download() {
    const { userAgent, language, hardwareConcurrency } = navigator;
    const browser = { userAgent, language, hardwareConcurrency, pixels: devicePixelRatio };
    const content = diagnosticsOf(this.#store.state, this.#log.entries, browser);
    download(`overshoulder-${stamp(Date.now())}.json`, 'application/json', JSON.stringify(content, null, 2));
  }
}
