/** State → DOM: each region of the page draws itself. */

import { ControlsView } from './view-controls.js';
import { ConversationView } from './view-conversation.js';
import { NoticesView } from './view-notices.js';
import { PreviewView } from './view-preview.js';
import { SoundView } from './view-sound.js';

/** @typedef {import('./state.js').PageState} PageState */

/** Colours of the browser's own frame, as in css/base.css. */
const FRAME_COLOURS = Object.freeze({ light: '#f6f5f1', dark: '#111315' });

export class View {
  conversation = new ConversationView();
  #preview = new PreviewView();
  sound = new SoundView();
  #regions;
  #theme = '';

  constructor() {
    this.#regions = [new NoticesView(), new ControlsView(), this.conversation, this.#preview, this.sound];
  }

  /** @param {PageState} state */
  draw(state) {
    for (const region of this.#regions) region.draw(state);
    this.#drawTheme(state.settings.theme);
  }

  /** @param {PageState['settings']['theme']} theme */
  #drawTheme(theme) {
    if (theme === this.#theme) return;
    this.#theme = theme;
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      const own = meta.getAttribute('media')?.includes('dark') ? 'dark' : 'light';
      meta.setAttribute('content', FRAME_COLOURS[theme === 'auto' ? own : theme]);
    }
  }
}
