/** The transcript: one element per line, grown in place. */

import { NAMES, spokenLength } from './conversation.js';
import { byRole, icon, make, write } from './dom.js';
import { clock, completeSentences } from './format.js';
import { drawLink, drawWords, markSpoken } from './view-words.js';

/** @typedef {import('./conversation.js').Line} Line */
/** @typedef {import('./state.js').PageState} PageState */

/** Scrolled up by more than this, the reader is reading and is not to be moved. */
const NEAR_END_PX = 80;
/** The screen reader's region is emptied beyond so many sentences: it has been read. */
const MAX_ANNOUNCED = 20;

/** @param {Line} line @returns {HTMLElement} */
function makeElement(line) {
  const article = make('article', 'line');
  article.dataset.role = 'message';
  article.dataset.from = line.role;
  const head = make('p', 'line-head');
  const time = make('time', '', line.timeMs ? clock(line.timeMs) : '');
  head.append(make('span', 'line-name', NAMES[line.role]), time);
  const words = make('div', 'line-text');
  words.dataset.role = 'message-text';
  article.append(head, words);
  return article;
}

/** @param {HTMLElement} element @param {Line} line */
function drawLine(element, line) {
  element.dataset.turn = String(line.turn ?? '');
  element.dataset.typed = String(line.isTyped);
  element.dataset.final = String(line.isFinal);
  element.dataset.cut = String(line.isCut);
  const words = /** @type {Element} */ (element.querySelector('.line-text'));
  if (line.role === 'assistant') drawWords(words, line.text);
  else write(words, line.text.trim());
  drawBasis(element, line);
  drawSources(element, line);
  if (!line.isCut || element.querySelector('.line-cut')) return;
  const cut = make('p', 'line-cut');
  cut.append(icon('hush'), make('span', '', 'Stopped here'));
  words.after(cut);
}

/** The picture that an answer is based on, to be looked at. @param {HTMLElement} element @param {Line} line */
function drawBasis(element, { picture }) {
  if (!picture || element.querySelector('.line-basis')) return;
  const button = make('button', 'line-basis');
  button.type = 'button';
  button.dataset.action = 'zoom';
  button.dataset.number = String(picture.number);
  button.append(icon('eye'), make('span', '', `Saw frame ${picture.number}`));
  element.querySelector('.line-head')?.append(button);
}

/** @param {HTMLElement} element @param {Line} line */
function drawSources(element, { sources }) {
  if (sources.length === 0) return;
  const list = make('ul', 'line-sources');
  list.setAttribute('aria-label', 'Sources');
  list.append(...sources.map(({ title, url }) => {
    const item = make('li', '');
    item.append(drawLink(title, url));
    return item;
  }));
  element.querySelector('.line-sources')?.remove();
  element.append(list);
}

export class ConversationView {
  #log = byRole('log');
  #empty = byRole('empty');
  #jump = byRole('jump');
  #words = byRole('announce-words');
  /** @type {Map<string, { line: Line, element: HTMLElement, announced: number }>} */
  #drawn = new Map();
  /** @type {readonly Line[]} */
  #lines = [];
  #isFollowing = true;
  #height = 0;

  constructor() {
    this.#log.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    new ResizeObserver(() => this.#onResize()).observe(this.#log);
  }

  /** A notice above takes room from the words; the newest stay in view. */
  #onResize() {
    this.#height = this.#log.clientHeight;
    if (this.#isFollowing) this.follow();
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    // Browsers tell of scrolling before they tell of the new size: this was not the user.
    if (clientHeight !== this.#height) return;
    this.#isFollowing = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.#jump.hidden = this.#isFollowing;
  }

  /** Back to what is being said. */
  follow() {
    this.#isFollowing = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#jump.hidden = true;
  }

  /** @param {PageState} state */
  draw(state) {
    this.#drawEmpty(state);
    this.#drawLines(state);
    this.#drawSpoken(state);
  }

  /** @param {PageState} state */
  #drawLines(state) {
    if (state.lines === this.#lines) return;
    this.#lines = state.lines;
    this.#removeOld();
    state.lines.forEach((line, index) => this.#drawAt(line, index));
    if (this.#isFollowing) this.follow();
    else this.#jump.hidden = false;
  }

  /** @param {PageState} state */
  #drawSpoken({ playingTurn, spoken }) {
    const line = playingTurn === null
      ? undefined
      : this.#lines.findLast(({ role, turn }) => role === 'assistant' && turn === playingTurn);
    const words = line && this.#drawn.get(line.key)?.element.querySelector('.line-text');
    if (!line || !words || spoken.turn !== playingTurn) markSpoken(null, 1);
    else markSpoken(words, spokenLength(line, spoken.ms) / Math.max(1, line.text.length));
  }

  #removeOld() {
    const keys = new Set(this.#lines.map(({ key }) => key));
    for (const [key, { element }] of this.#drawn) {
      if (keys.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }

  /** @param {Line} line @param {number} index */
  #drawAt(line, index) {
    let drawn = this.#drawn.get(line.key);
    if (!drawn) {
      // What a reloaded page gets at once has been heard before.
      const announced = line.key.startsWith('history-') ? line.text.length : 0;
      drawn = { line, element: makeElement(line), announced };
      this.#drawn.set(line.key, drawn);
      this.#log.insertBefore(drawn.element, this.#log.children[index] ?? null);
    } else if (drawn.line === line) {
      return;
    }
    drawn.line = line;
    drawLine(drawn.element, line);
    if (line.role === 'assistant') this.#announce(drawn);
  }

  /** Tell a screen reader whole sentences, not every word. @param {{ line: Line, announced: number }} drawn */
  #announce(drawn) {
    const complete = completeSentences(drawn.line.text, drawn.line.isFinal);
    const fresh = complete.slice(drawn.announced).trim();
    drawn.announced = Math.max(drawn.announced, complete.length);
    if (!fresh) return;
    if (this.#words.childElementCount >= MAX_ANNOUNCED) this.#words.replaceChildren();
    this.#words.append(make('p', '', fresh));
  }

  /** @param {PageState} state */
  #drawEmpty({ lines, share, microphone, phase }) {
    this.#empty.hidden = lines.length > 0 || phase !== 'live';
    if (this.#empty.hidden) return;
    const sees = share.state === 'on';
    const hears = microphone.state === 'on';
    write(byRole('empty-title'), hears ? 'Just ask' : 'Ask away');
    write(byRole('empty-hint'), `${hears ? 'Say it out loud or type it below' : 'Type it below'}${
      sees ? ', or start with one of these.' : '. Share a screen to ask about what is on it.'}`);
    byRole('chips').hidden = !sees;
  }
}
