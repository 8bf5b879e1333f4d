/** What is not needed to talk: each part is built when it is first asked for. */

import { Drawer } from './drawer.js';
import { Find } from './find.js';
import { Keep } from './keep.js';
import { Panel } from './panel.js';
import { SightEditor } from './sight-editor.js';
import { SettingsView } from './view-settings.js';

/**
 * @param {import('./actions.js').Actions} actions
 * @param {import('./event-log.js').EventLog} log
 * @param {(button: HTMLElement) => void} press Do what the page's button of this action does.
 * @returns {Record<string, () => void>} What opens each part, by `data-action`.
 */
export function openersOf(actions, log, press) {
  const { store } = actions;
  /** @param {() => { open: () => unknown }} build */
  const opening = (build) => {
    /** @type {{ open: () => unknown } | undefined} */
    let part;
    return () => void (part ??= build()).open();
  };
  return {
    settings: opening(() => new SettingsView(actions)),
    details: opening(() => new Drawer(store, log)),
    keep: opening(() => new Keep(store, () => actions.again())),
    find: opening(() => new Find(store)),
    sight: opening(() => new SightEditor(actions)),
    panel: opening(() => new Panel(store, press, (rect) => {
      actions.shareActions.own.panel = rect;
    })),
  };
}
