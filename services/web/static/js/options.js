/** What the settings ask of a new conversation: the `options` of `hello`. */

import { TOOLS } from './tools.js';

/** The preset that consists of the user's own words alone. */
export const OWN_PRESET = 'own';
/** What the server builds upon in that case. */
const PLAIN_PRESET = 'screen_helper';

/**
 * @param {import('./state.js').Settings} settings
 * @param {readonly string[]} models That the server lets choose.
 * @returns {Record<string, unknown>}
 */
export function optionsOf(settings, models) {
  const isOwn = settings.preset === OWN_PRESET;
  return {
    voice: settings.voice,
    language: settings.language || navigator.language,
    preset: isOwn ? PLAIN_PRESET : settings.preset,
    instructions: isOwn ? settings.instructions : '',
    turn_taking: settings.turnTaking,
    sensitivity: settings.sensitivity,
    detail: settings.detail,
    model: models.includes(settings.model) ? settings.model : null,
    tools: [...TOOLS],
  };
}
