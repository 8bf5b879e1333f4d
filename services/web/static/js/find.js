/** Finds words in the conversation, and goes from one place to the next. */

import { byRole, icon, make } from './dom.js';
import { rangeOf } from './view-words.js';

/** @param {string} name @param {string} label @param {() => void} act */
function tool(name, label, act) {
  const button = make('button', 'tool');
  button.type = 'button';
  button.setAttribute('aria-label', label);
  button.append(icon(name));
  button.addEventListener('click', act);
  return button;
}

/** @param {Element} element @param {string} wanted In small letters. @returns {Range[]} */
function rangesIn(element, wanted) {
  const text = (element.textContent ?? '').toLowerCase();
  const ranges = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    ranges.push(rangeOf(element, at, at + wanted.length));
  }
  return ranges;
}

export class Find {
  /** @type {Range[]} */
  #found = [];
  #at = 0;
  #bar = make('search', 'find');
  #field = make('input', '');
  #told = make('output', '');

  /** @param {import('./state.js').Store} store */
  constructor(store) {
    this.#bar.hidden = true;
    this.#field.type = 'search';
    this.#field.setAttribute('aria-label', 'Find in the conversation');
    this.#bar.append(
      this.#field, this.#told, tool('up', 'The one before', () => this.#go(-1)),
      tool('down', 'The next one', () => this.#go(1)), tool('close', 'Stop finding', () => this.close()),
    );
    this.#field.addEventListener('input', () => this.#find());
    this.#bar.addEventListener('keydown', (event) => this.#onKey(event));
    store.addEventListener('change', () => {
      if (!this.#bar.hidden) this.#find(this.#at);
    });
    byRole('log').before(this.#bar);
  }

  open() {
    this.#bar.hidden = false;
    this.#field.focus();
    this.#field.select();
    this.#find();
  }

  close() {
    this.#bar.hidden = true;
    this.#mark([]);
    byRole('find').focus();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key === 'Escape') this.close();
    else if (event.key === 'Enter' && event.target === this.#field) this.#go(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} [at] Which of them to stay at. */
  #find(at) {
    const wanted = this.#field.value.trim().toLowerCase();
    const texts = wanted ? [...byRole('log').querySelectorAll('.line-text')] : [];
    const before = this.#found.length;
    this.#found = texts.flatMap((element) => rangesIn(element, wanted));
    this.#at = Math.min(at ?? this.#found.length - 1, Math.max(0, this.#found.length - 1));
    this.#mark(this.#found);
    const told = this.#found.length > 0 ? `${this.#at + 1} of ${this.#found.length}` : 'Nothing found';
    this.#told.value = wanted ? told : '';
    if (at === undefined || before === 0) this.#show();
  }

  /** @param {number} step */
  #go(step) {
    if (this.#found.length === 0) return;
    this.#at = (this.#at + step + this.#found.length) % this.#found.length;
    this.#mark(this.#found);
    this.#told.value = `${this.#at + 1} of ${this.#found.length}`;
    this.#show();
  }

  #show() {
    this.#found[this.#at]?.startContainer.parentElement?.scrollIntoView({ block: 'center' });
  }

  /** @param {Range[]} ranges */
  #mark(ranges) {
    if (!('highlights' in CSS)) return;
    CSS.highlights.set('found', new Highlight(...ranges));
    CSS.highlights.set('found-now', new Highlight(...ranges.slice(this.#at, this.#at + 1)));
  }
}
