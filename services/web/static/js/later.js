/** Loads what is not needed to talk, when something of it is first asked for. */

/** @typedef {import('./parts.js').Parts} Parts */

/**
 * @param {import('./actions.js').Actions} actions
 * @param {import('./event-log.js').EventLog} log
 * @param {(button: HTMLElement) => void} press
 * @returns {Record<string, () => void>} What opens each part, by `data-action`.
 */
export function laterParts(actions, log, press) {
  /** @type {Promise<Parts> | null} */
  let loading = null;
  const load = async () => {
    const { Parts } = await import('./parts.js');
    return new Parts(actions, log, press);
  };
  const isAway = () => {
    // Asked for again, it is loaded again.
    loading = null;
    actions.store.addProblem({
      key: 'part', tone: 'warn', title: 'A part of the page could not be loaded.',
      hint: 'Check that the server is running, then try again.', next: null,
    });
  };
  /** @param {(parts: Parts) => unknown} open */
  const opening = (open) => () => {
    loading ??= load();
    void loading.then(open, isAway);
  };
  return {
    settings: opening(({ settings }) => settings.open()),
    details: opening(({ details }) => details.open()),
    keep: opening(({ keep }) => keep.open()),
    find: opening(({ find }) => find.open()),
    sight: opening(({ sight }) => sight.open()),
    panel: opening(({ panel }) => panel.toggle()),
  };
}
