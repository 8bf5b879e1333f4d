/** The settings drawer; drawn while it is open. */

import { byRole, make, write } from './dom.js';
import { OWN_PRESET } from './options.js';

/** @typedef {import('./state.js').PageState} PageState */
/** @typedef {import('./actions.js').Actions} Actions */

/** @typedef {{ value: string, label: string }} Option */

/** @type {Option} */
const SYSTEM_CHOICE = Object.freeze({ value: '', label: 'The system’s choice' });
/** @type {Option} */
const OWN = Object.freeze({ value: OWN_PRESET, label: 'Your own' });
const OWN_HINT = 'Does what you write below, and looks at your screen for it';
/** @type {Option} */
const BROWSERS_LANGUAGE = Object.freeze({ value: '', label: 'As this browser' });
const LANGUAGES = Object.freeze([
  'ar', 'bn', 'cs', 'da', 'de', 'el', 'en-GB', 'en-US', 'es', 'fi', 'fr', 'he', 'hi', 'hu', 'id', 'it',
  'ja', 'ko', 'nb', 'nl', 'pl', 'pt-BR', 'pt-PT', 'ro', 'ru', 'sv', 'th', 'tr', 'uk', 'vi', 'zh-CN',
]);
/** @type {readonly Option[]} */
const SENSITIVITIES = Object.freeze([
  { value: 'low', label: 'Only clear speech: a loud room' },
  { value: 'normal', label: 'Normal' },
  { value: 'high', label: 'Quiet speech too: a quiet room' },
]);
/** @type {readonly (Option & { hint: string })[]} */
const DETAILS = Object.freeze([
  { value: 'saver', label: 'Saver', hint: 'Fewest tokens: the whole picture, and close-ups only when asked' },
  { value: 'balanced', label: 'Balanced', hint: 'The whole picture, and a close-up of what changed' },
  { value: 'sharp', label: 'Sharp', hint: 'Smallest print: up to three close-ups of what changed' },
]);

/** @returns {Option[]} In their own words, and in the order of those. */
function languages() {
  const named = LANGUAGES.map((tag) => {
    const name = new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag;
    return { value: tag, label: name[0].toLocaleUpperCase(tag) + name.slice(1) };
  });
  return [BROWSERS_LANGUAGE, ...named.sort((a, b) => a.label.localeCompare(b.label))];
}

/** @param {readonly import('./devices.js').Device[]} devices @returns {Option[]} */
const asOptions = (devices) => [SYSTEM_CHOICE, ...devices.map(({ id, label }) => ({ value: id, label }))];

/**
 * @param {HTMLSelectElement} select
 * @param {readonly Option[]} options
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
  #store;
  #languages = languages();
  #form = /** @type {HTMLFormElement} */ (byRole('settings-form'));

  /** @param {Actions} actions */
  constructor(actions) {
    this.#store = actions.store;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', ({ target }) => {
      const { name, value } = /** @type {HTMLInputElement} */ (target);
      const isFlag = target instanceof HTMLInputElement && target.type === 'checkbox';
      actions.changeSettings({ [name]: isFlag ? target.checked : value });
    });
  }

  open() {
    const dialog = /** @type {HTMLDialogElement} */ (byRole('settings'));
    this.#draw(this.#store.state);
    const onChange = () => this.#draw(this.#store.state);
    this.#store.addEventListener('change', onChange);
    dialog.addEventListener('close', () => this.#store.removeEventListener('change', onChange), { once: true });
    dialog.showModal();
  }

  /** @template {HTMLElement} T @param {string} name @returns {T} */
  #field(name) {
    return /** @type {T} */ (/** @type {unknown} */ (this.#form.elements.namedItem(name)));
  }

  /** @param {PageState} state */
  #draw(state) {
    const { settings, phase } = state;
    this.#drawAnswers(state);
    this.#drawDevices(state);
    fill(this.#field('sensitivity'), SENSITIVITIES, settings.sensitivity);
    fill(this.#field('detail'), DETAILS, settings.detail);
    write(byRole('detail-hint'), DETAILS.find(({ value }) => value === settings.detail)?.hint ?? '');
    for (const name of /** @type {const} */ (['sound', 'singleKeys'])) {
      /** @type {HTMLInputElement} */ (this.#field(name)).checked = settings[name];
    }
    const turns = /** @type {RadioNodeList} */ (this.#form.elements.namedItem('turnTaking'));
    if (turns.value !== settings.turnTaking) turns.value = settings.turnTaking;
    this.#drawMarks(phase === 'live');
  }

  /** @param {PageState} state */
  #drawAnswers({ settings, server }) {
    const presets = (server?.presets ?? []).map(({ id, name }) => ({ value: id, label: name }));
    const models = server?.models ?? [];
    fill(this.#field('voice'), (server?.voices ?? []).map((name) => ({ value: name, label: name })), settings.voice);
    fill(this.#field('preset'), [...presets, OWN], settings.preset);
    fill(this.#field('language'), this.#languages, settings.language);
    fill(this.#field('model'), models.map((name) => ({ value: name, label: name })),
      models.includes(settings.model) ? settings.model : (models[0] ?? ''));
    byRole('models').hidden = models.length < 2;
    const isOwn = settings.preset === OWN_PRESET;
    const preset = server?.presets.find(({ id }) => id === settings.preset);
    write(byRole('preset-hint'), isOwn ? OWN_HINT : (preset?.description ?? ''));
    byRole('own-instructions').hidden = !isOwn;
    /** @type {HTMLTextAreaElement} */
    const instructions = this.#field('instructions');
    if (document.activeElement !== instructions) instructions.value = settings.instructions;
  }

  /** @param {PageState} state */
  #drawDevices({ settings, microphones, speakers }) {
    const present = (/** @type {readonly import('./devices.js').Device[]} */ devices, /** @type {string} */ wanted) =>
      (devices.some(({ id }) => id === wanted) ? wanted : '');
    fill(this.#field('microphone'), asOptions(microphones), present(microphones, settings.microphone));
    fill(this.#field('speaker'), asOptions(speakers), present(speakers, settings.speaker));
    byRole('speakers').hidden = speakers.length === 0;
  }

  /** @param {boolean} isLive Say what cannot change in a running conversation. */
  #drawMarks(isLive) {
    byRole('settings-later').hidden = !isLive;
    for (const mark of this.#form.querySelectorAll('[data-role="later-mark"]')) {
      /** @type {HTMLElement} */ (mark).hidden = !isLive;
    }
  }
}
