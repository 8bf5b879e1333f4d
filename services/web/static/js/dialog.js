/** Dialogs that are made when they are first asked for. */

import { icon, make } from './dom.js';

/**
 * @param {'drawer' | 'sheet'} kind
 * @param {string} role Its `data-role`.
 * @param {string} title
 * @returns {{ dialog: HTMLDialogElement, body: HTMLElement }} In the page, and still closed.
 */
export function makeDialog(kind, role, title) {
  const dialog = make('dialog', kind);
  dialog.dataset.role = role;
  dialog.setAttribute('aria-labelledby', `${role}-title`);
  const head = make('form', 'panel-head');
  head.method = 'dialog';
  const heading = make('h2', '', title);
  heading.id = `${role}-title`;
  const close = make('button', 'tool');
  close.setAttribute('aria-label', `Close: ${title}`);
  close.append(icon('close'));
  head.append(heading, close);
  const body = make('div', 'fields');
  dialog.append(head, body);
  document.body.append(dialog);
  return { dialog, body };
}

/** @param {string} label @param {() => void} act @param {string} [className] */
export function makeButton(label, act, className = 'quiet') {
  const button = make('button', className, label);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}
