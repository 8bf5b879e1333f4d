/** The words of an answer → elements: text goes in as text, and what is spoken is marked. */

import { make } from './dom.js';
import { blocksOf } from './markdown.js';

/** @typedef {import('./markdown.js').Block} Block */
/** @typedef {import('./markdown.js').Span} Span */

/** @param {Span} span @returns {Node} */
function drawSpan(span) {
  if (span.kind === 'text') return document.createTextNode(span.text);
  if (span.kind !== 'link') return make(span.kind, '', span.text);
  return drawLink(span.text, span.url);
}

/** @param {string} text @param {string} url @returns {HTMLAnchorElement} Opens beside this page. */
export function drawLink(text, url) {
  const link = make('a', '', text);
  link.href = url;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return link;
}

/** @param {keyof HTMLElementTagNameMap} name @param {Span[]} spans */
function filled(name, spans) {
  const element = make(name, '');
  element.append(...spans.map(drawSpan));
  return element;
}

/** @param {Span[][]} cells @param {'th' | 'td'} name */
function drawRow(cells, name) {
  const row = make('tr', '');
  row.append(...cells.map((spans) => filled(name, spans)));
  return row;
}

/** @param {HTMLElement} inner @param {string} label @returns {HTMLElement} Scrolls sideways by itself. */
function scrollable(inner, label) {
  const frame = make('div', 'words-wide');
  frame.tabIndex = 0;
  frame.setAttribute('role', 'region');
  frame.setAttribute('aria-label', label);
  frame.append(inner);
  return frame;
}

/** @param {Block} block @returns {HTMLElement} */
function drawBlock(block) {
  if (block.kind === 'paragraph') return filled('p', block.spans);
  if (block.kind === 'heading') return filled('strong', block.spans);
  if (block.kind === 'code') {
    const code = make('pre', '');
    code.append(make('code', '', block.text));
    return scrollable(code, block.language ? `Code, ${block.language}` : 'Code');
  }
  if (block.kind === 'list') {
    const list = make(block.isOrdered ? 'ol' : 'ul', '');
    list.append(...block.items.map((spans) => filled('li', spans)));
    return list;
  }
  const [table, head, body] = [make('table', ''), make('thead', ''), make('tbody', '')];
  head.append(drawRow(block.head, 'th'));
  body.append(...block.rows.map((cells) => drawRow(cells, 'td')));
  table.append(head, body);
  return scrollable(table, 'Table');
}

/** @param {Element} element @param {string} text As the model wrote it. */
export function drawWords(element, text) {
  element.replaceChildren(...blocksOf(text).map(drawBlock));
}

/**
 * @param {Element} element
 * @param {number} start In characters of its text.
 * @param {number} end
 * @returns {Range}
 */
export function rangeOf(element, start, end) {
  const range = new Range();
  range.selectNodeContents(element);
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let at = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { length } = /** @type {Text} */ (node);
    if (start >= at && start < at + length) range.setStart(node, start - at);
    if (end > at && end <= at + length) range.setEnd(node, end - at);
    at += length;
  }
  return range;
}

/**
 * Mark the word that is being spoken, and what is still to be said.
 *
 * @param {Element | null} element `null`: nothing is being spoken.
 * @param {number} share Of its words that were spoken, from 0 to 1. Signs that only shape the text
 *   are not spoken and not shown, so the share is what both have in common.
 */
export function markSpoken(element, share) {
  if (!('highlights' in CSS)) return;
  const text = element?.textContent ?? '';
  const at = Math.round(share * text.length);
  if (!element || at >= text.length) {
    CSS.highlights.delete('spoken-word');
    CSS.highlights.delete('unspoken');
    return;
  }
  const start = text.lastIndexOf(' ', Math.max(0, at - 1)) + 1;
  const space = text.indexOf(' ', at);
  const end = space < 0 ? text.length : space;
  CSS.highlights.set('spoken-word', new Highlight(rangeOf(element, start, end)));
  CSS.highlights.set('unspoken', new Highlight(rangeOf(element, end, text.length)));
}
