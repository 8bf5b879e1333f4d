/**
 * What the page remembers: settings for good, the running conversation for this tab.
 *
 * A browser may refuse storage altogether (private windows, blocked cookies); then nothing is
 * remembered and everything else works.
 */

const SETTINGS = 'overshoulder.settings';
const SESSION = 'overshoulder.session';

/** @type {Readonly<import('./state.js').Settings>} */
export const DEFAULT_SETTINGS = Object.freeze({
  voice: 'Kore', preset: 'screen_helper', instructions: '', turnTaking: 'open_mic', microphone: '',
  speaker: '', language: '', model: '', sensitivity: 'normal', sound: true, singleKeys: true, theme: 'auto', detail: 'balanced',
});

/** @param {() => Storage} storage @param {string} key @returns {Record<string, unknown>} */
function recall(storage, key) {
  try {
    const value = JSON.parse(storage().getItem(key) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** @param {() => Storage} storage @param {string} key @param {unknown} value `null` removes it. */
function remember(storage, key, value) {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // Refused or full: see above.
  }
}

const forGood = () => localStorage;
const forTab = () => sessionStorage;

/** @returns {import('./state.js').Settings} Values of the wrong type give way to the defaults. */
export function readSettings() {
  const stored = recall(forGood, SETTINGS);
  /** @type {Record<string, unknown>} */
  const settings = { ...DEFAULT_SETTINGS };
  for (const [name, value] of Object.entries(settings)) {
    if (typeof stored[name] === typeof value) settings[name] = stored[name];
  }
  return /** @type {import('./state.js').Settings} */ (/** @type {unknown} */ (settings));
}

/** @param {import('./state.js').Settings} settings */
export function writeSettings(settings) {
  remember(forGood, SETTINGS, settings);
}

/** @returns {{ session: string, token: string } | null} The conversation that a reload goes on with. */
export function readSession() {
  const { session, token } = recall(forTab, SESSION);
  return typeof session === 'string' && typeof token === 'string' ? { session, token } : null;
}

/** @param {{ session: string, token: string } | null} session */
export function writeSession(session) {
  remember(forTab, SESSION, session);
}
