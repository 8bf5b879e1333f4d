/** What somebody who looks into a fault wants to know, without secrets and without anybody's words. Pure. */

import { dollars } from './usage.js';

/**
 * @param {import('./state.js').PageState} state
 * @param {readonly import('./event-log.js').Entry[]} entries
 * @param {Record<string, unknown>} browser
 * @returns {Record<string, unknown>} To be written as JSON.
 */
export function diagnosticsOf(state, entries, browser) {
  const { settings, server, usage, lines } = state;
  // Named one by one: what is added to the state some day is not told by itself. Devices are left
  // out since their ids tell a browser from all others.
  const { voice, language, preset, model, turnTaking, sensitivity, detail, sound, theme } = settings;
  return {
    browser,
    settings: { voice, language, preset, model, turnTaking, sensitivity, detail, sound, theme },
    assistant: server?.assistant ?? null,
    state: {
      phase: state.phase, link: state.link, attempt: state.attempt, session: state.session,
      model: state.model, isOnline: state.isOnline, ended: state.ended?.reason ?? null,
      microphone: state.microphone.state, tabSound: state.tabSound, share: state.share.state,
      surface: state.share.surface, isPaused: state.share.isPaused, pictureCount: state.pictureCount,
      problems: state.problems.map(({ key }) => key),
    },
    lines: lines.map(({ role, turn, text, isCut }) => ({ role, turn, characters: text.length, isCut })),
    usage: { ...usage, estimatedDollars: dollars(usage) },
    figures: state.figures,
    events: entries.map(({ timeMs, what }) => ({ time: new Date(timeMs).toISOString(), what })),
  };
}
