/** Keys. Single ones work outside text fields only, and can be turned off (WCAG 2.1.4). */

/** @typedef {import('./actions.js').Actions} Actions */

/** @param {EventTarget | null} target @returns {boolean} Whether it takes text or opens with Space. */
function takesText(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'button'].includes(target.type);
  return target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName);
}

/** @param {EventTarget | null} target @returns {boolean} */
function takesSpace(target) {
  return takesText(target) || (target instanceof HTMLElement && Boolean(target.closest('button, a, input')));
}

/**
 * @param {Actions} actions
 * @param {Record<'keys' | 'compose' | 'find' | 'panel' | 'details', (button?: any) => void>} page
 */
export function listenToKeys(actions, page) {
  /** @type {Record<string, () => void>} */
  const singleKeys = {
    m: () => actions.toggleMute(),
    s: () => actions.toggleSharing(),
    l: () => actions.shareActions.lookNow(),
    f: page.find,
    p: page.panel,
    i: page.details,
    '?': page.keys,
    '/': page.compose,
  };
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === 'd' && (event.ctrlKey || event.metaKey) && actions.state.phase === 'live') {
      event.preventDefault();
      if (!event.repeat) actions.toggleMute();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === 'Escape') {
      if (actions.state.asking) actions.cancel();
      else actions.hush();
      return;
    }
    if (key === ' ' && !takesSpace(event.target)) {
      if (actions.state.settings.turnTaking !== 'push_to_talk' || actions.state.phase !== 'live') return;
      event.preventDefault();
      if (!event.repeat) actions.talk(true);
      return;
    }
    if (takesText(event.target) || !actions.state.settings.singleKeys || event.repeat) return;
    const act = singleKeys[key];
    if (!act || (actions.state.phase !== 'live' && key !== '?')) return;
    event.preventDefault();
    act();
  });
  document.addEventListener('keyup', ({ key }) => {
    if (key === ' ') actions.talk(false);
  });
  // A key let go over another window is never told: speech must not stay open.
  window.addEventListener('blur', () => actions.talk(false));
}
