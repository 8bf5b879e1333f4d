/**
 * What is not needed to talk. In one file, because its parts are small and alike: sent apart they are
 * a quarter larger.
 */

import { Drawer } from './drawer.js';
import { Find } from './find.js';
import { Keep } from './keep.js';
import { Panel } from './panel.js';
import { SightEditor } from './sight-editor.js';
import { SettingsView } from './view-settings.js';

export class Parts {
  /**
   * @param {import('./actions.js').Actions} actions
   * @param {import('./event-log.js').EventLog} log
   * @param {(button: HTMLElement) => void} press Do what the page's button of this action does.
   */
  constructor(actions, log, press) {
    const { store } = actions;
    this.settings = new SettingsView(actions);
    this.details = new Drawer(store, log);
    this.keep = new Keep(store, () => actions.again());
    this.find = new Find(store);
    this.sight = new SightEditor(actions);
    this.panel = new Panel(store, press, (rect) => {
      actions.shareActions.own.panel = rect;
    });
  }
}
