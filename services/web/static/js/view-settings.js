/** The settings drawer. */

import { byRole, make, write } from './dom.js';

/** @typedef {import('./state.js').PageState} PageState */
/** @typedef {import('./actions.js').Actions} Actions */

const SYSTEM_MICROPHONE = Object.freeze({ value: '', label: 'The system’s choice' });

/**
 * @param {HTMLSelectElement} select
 * @param {readonly { value: string, label: string }[]} options
 * @param {string} chosen
 */
function fill(select, options, chosen) {
  const known = options.some(({ value }) => value === chosen);
  const wanted = known || !chosen ? options : [{ value: chosen, label: chosen }, ...options];
  const isSame = wanted.length === select.options.length &&
    wanted.every(({ value, label }, index) =>
      select.options[index].value === value && select.options[index].label === label);
  if (!isSame) {
    select.replaceChildren(...wanted.map(({ value, label }) => {
      const option = make('option', '', label);
      option.value = value;
      return option;
    }));
  }
  if (select.value !== chosen) select.value = chosen;
}

export class SettingsView {
  /** @param {Actions} actions */
  constructor(actions) {
    this.form = /** @type {HTMLFormElement} */ (byRole('settings-form'));
    this.form.addEventListener('submit', (event) => event.preventDefault());
    this.form.addEventListener('change', ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      const isFlag = target instanceof HTMLInputElement && target.type === 'checkbox';
      actions.changeSettings({ [name]: isFlag ? target.checked : value });
    });
  }

  /** @template {HTMLElement} T @param {string} name @returns {T} */
  #field(name) {
    return /** @type {T} */ (/** @type {unknown} */ (this.form.elements.namedItem(name)));
  }

  /** @param {PageState} state */
  draw({ settings, server, microphones, phase }) {
    const voices = (server?.voices ?? []).map((name) => ({ value: name, label: name }));
    const presets = (server?.presets ?? []).map(({ id, name }) => ({ value: id, label: name }));
    const devices = microphones.map(({ id, label }) => ({ value: id, label }));
    fill(this.#field('voice'), voices, settings.voice);
    fill(this.#field('preset'), presets, settings.preset);
    fill(this.#field('microphone'), [SYSTEM_MICROPHONE, ...devices],
      devices.some(({ value }) => value === settings.microphone) ? settings.microphone : '');
    const preset = server?.presets.find(({ id }) => id === settings.preset);
    write(byRole('preset-hint'), preset?.description ?? '');
    /** @type {HTMLTextAreaElement} */
    const instructions = this.#field('instructions');
    if (document.activeElement !== instructions) instructions.value = settings.instructions;
    /** @type {HTMLInputElement} */ (this.#field('sound')).checked = settings.sound;
    /** @type {HTMLInputElement} */ (this.#field('singleKeys')).checked = settings.singleKeys;
    const turns = /** @type {RadioNodeList} */ (this.form.elements.namedItem('turnTaking'));
    if (turns.value !== settings.turnTaking) turns.value = settings.turnTaking;
    this.#drawMarks(phase === 'live');
  }

  /** @param {boolean} isLive Say what cannot change in a running conversation. */
  #drawMarks(isLive) {
    byRole('settings-later').hidden = !isLive;
    for (const mark of this.form.querySelectorAll('[data-role="later-mark"]')) {
      /** @type {HTMLElement} */ (mark).hidden = !isLive;
    }
  }
}
