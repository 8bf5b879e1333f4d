/** Parts of the page that are loaded when they are first asked for. */

/**
 * @template T
 * @param {() => Promise<T>} load
 * @returns {() => Promise<T>} Loads once; after a failure, once more.
 */
function once(load) {
  /** @type {Promise<T> | null} */
  let loading = null;
  return () => {
    loading ??= load().catch((error) => {
      loading = null;
      throw error;
    });
    return loading;
  };
}

/**
 * @param {import('./actions.js').Actions} actions
 * @param {import('./event-log.js').EventLog} log
 * @param {(button: HTMLElement) => void} press
 * @returns {Record<string, () => void>} What opens each of them, by `data-action`.
 */
export function laterParts(actions, log, press) {
  const { store } = actions;
  const parts = {
    settings: once(async () => new (await import('./view-settings.js')).SettingsView(actions)),
    details: once(async () => new (await import('./drawer.js')).Drawer(store, log)),
    keep: once(async () => new (await import('./keep.js')).Keep(store, () => actions.again())),
    find: once(async () => new (await import('./find.js')).Find(store)),
  };
  const panel = once(async () => new (await import('./panel.js')).Panel(store, press, (rect) => {
    actions.shareActions.own.panel = rect;
  }));
  const isAway = () => store.addProblem({
    key: 'part', tone: 'warn', title: 'A part of the page could not be loaded.',
    hint: 'Check that the server is running, then try again.', next: null,
  });
  return {
    settings: () => void parts.settings().then((part) => part.open(), isAway),
    details: () => void parts.details().then((part) => part.open(), isAway),
    keep: () => void parts.keep().then((part) => part.open(), isAway),
    find: () => void parts.find().then((part) => part.open(), isAway),
    panel: () => void panel().then((part) => part.toggle(), isAway),
  };
}
