/**
 * A small window that stays above the others: what is going on, the last words, and what one needs
 * while looking at something else. Where a browser has no such window, a popup takes its this.#mark.
 */

import { icon, make, write } from './dom.js';
import { STATUSES, statusLabel, statusOf } from './status.js';

/** @typedef {import('./state.js').PageState} PageState */

const SIZE = Object.freeze({ width: 380, height: 420 });
/** A window that is moved tells nobody. */
const PLACE_EVERY_MS = 500;

/** @returns {Promise<Window | null>} `null` if the browser lets no window open. */
async function openWindow() {
  if (globalThis.documentPictureInPicture) return globalThis.documentPictureInPicture.requestWindow(SIZE);
  return window.open('', 'overshoulder-panel', `popup,width=${SIZE.width},height=${SIZE.height}`);
}

/** @param {string} action @param {string} symbol @param {string} label */
function control(action, symbol, label) {
  const button = make('button', 'control');
  button.type = 'button';
  button.dataset.action = action;
  button.append(icon(symbol), make('span', '', label));
  return button;
}

export class Panel {
  #store;
  #press;
  #onMoved;
  /** @type {Window | null} */
  #window = null;
  #onChange = () => this.#draw();
  #url = '';
  /** @type {PageState['picture']} */
  #picture = null;
  #status = make('div', 'status');
  #shape = icon('s-ring');
  #label = make('p', 'status-label');
  #question = make('p', 'panel-question');
  #answer = make('p', '');
  #sight = make('div', 'panel-sight');
  #image = make('img', '');
  #mark = make('span', 'panel-mark');
  #mute = control('mute', 'mic', 'Mute');
  #hush = control('hush', 'hush', 'Stop');
  #look = control('look', 'eye', 'Look now');

  /**
   * @param {import('./state.js').Store} store
   * @param {(button: HTMLElement) => void} press Do what the page's button of this action does.
   * @param {(rect: import('./regions.js').Rect | null) => void} onMoved Where it lies, in CSS pixels
   *   of the screen.
   */
  constructor(store, press, onMoved) {
    this.#store = store;
    this.#press = press;
    this.#onMoved = onMoved;
  }

  /** Open it, or close it if it is open. Called from a click or a key, without which no window opens. */
  async open() {
    if (this.#window) {
      this.#window.close();
      return;
    }
    this.#window = await openWindow().catch(() => null);
    if (!this.#window) {
      this.#store.addProblem({
        key: 'panel', tone: 'info', title: 'The browser did not open a small window.',
        hint: 'Allow pop-up windows for this page, then try again.', next: { label: 'Try again', action: 'panel' },
      });
      return;
    }
    this.#store.dropProblem('panel');
    this.#build(this.#window);
    this.#store.addEventListener('change', this.#onChange);
    this.#draw();
  }

  /** @param {Window} window */
  #build(window) {
    const { document: page } = window;
    page.title = 'Overshoulder';
    page.documentElement.lang = 'en';
    page.documentElement.className = 'panel-root';
    const style = make('link', '');
    style.rel = 'stylesheet';
    style.href = new URL('../css/page.css', import.meta.url).href;
    page.head.replaceChildren(style);
    this.#shape.setAttribute('class', 'status-shape');
    this.#status.append(this.#shape, this.#label);
    const captions = make('div', 'panel-captions');
    captions.append(this.#question, this.#answer);
    this.#image.alt = 'The last picture sent';
    this.#sight.append(this.#image, this.#mark);
    const dock = make('div', 'dock');
    dock.append(this.#mute, this.#hush, this.#look);
    const main = make('main', 'panel-main');
    main.append(this.#status, captions, this.#sight, dock);
    // The symbols of the icons are looked up in the document that they stand in.
    const sprite = /** @type {Element} */ (document.querySelector('.sprite')).cloneNode(true);
    page.body.replaceChildren(sprite, main);
    page.addEventListener('click', ({ target }) => {
      const button = /** @type {Element} */ (target).closest('[data-action]');
      if (button) this.#press(/** @type {HTMLElement} */ (button));
    });
    window.setInterval(() => this.#tellPlace(), PLACE_EVERY_MS);
    window.addEventListener('pagehide', () => this.#onClosed());
    this.#tellPlace();
  }

  #tellPlace() {
    if (!this.#window) return;
    const { screenX: x, screenY: y, outerWidth: width, outerHeight: height } = this.#window;
    this.#onMoved({ x, y, width, height });
  }

  #onClosed() {
    this.#store.removeEventListener('change', this.#onChange);
    this.#window = null;
    this.#picture = null;
    URL.revokeObjectURL(this.#url);
    this.#onMoved(null);
  }

  #draw() {
    const { state } = this.#store;
    if (!this.#window) return;
    if (state.phase !== 'live') {
      this.#window.close();
      return;
    }
    this.#drawStatus(state, this.#window);
    this.#drawWords(state);
    this.#drawSight(state);
  }

  /** @param {PageState} state @param {Window} window */
  #drawStatus(state, window) {
    const status = statusOf(state);
    const root = window.document.documentElement;
    root.dataset.state = status;
    root.dataset.phase = state.phase;
    if (state.settings.theme !== 'auto') root.dataset.theme = state.settings.theme;
    else delete root.dataset.theme;
    this.#status.dataset.tone = STATUSES[status].tone;
    this.#shape.querySelector('use')?.setAttribute('href', `#i-s-${STATUSES[status].icon}`);
    write(this.#label, statusLabel(state));
    const isMuted = state.microphone.state !== 'on';
    this.#mute.querySelector('use')?.setAttribute('href', isMuted ? '#i-mic-off' : '#i-mic');
    write(/** @type {Element} */ (this.#mute.querySelector('span')), isMuted ? 'Unmute' : 'Mute');
    this.#hush.disabled = state.playingTurn === null && !state.isAnswering;
    this.#look.disabled = state.share.state !== 'on';
  }

  /** @param {PageState} state */
  #drawWords({ lines }) {
    const last = (/** @type {string} */ role) => lines.findLast((line) => line.role === role)?.text.trim() ?? '';
    write(this.#question, last('user'));
    write(this.#answer, last('assistant'));
  }

  /** @param {PageState} state */
  #drawSight({ picture, mark, share }) {
    this.#sight.hidden = picture === null || share.state !== 'on';
    if (picture !== this.#picture) {
      this.#picture = picture;
      URL.revokeObjectURL(this.#url);
      this.#url = picture ? URL.createObjectURL(picture.blob) : '';
      this.#image.src = this.#url;
    }
    this.#mark.hidden = mark === null || picture === null;
    if (!mark || !picture) return;
    // The picture has its caption below; the place is counted in what is above it.
    this.#mark.style.setProperty('--x', `${mark.x * 100}%`);
    this.#mark.style.setProperty('--y', `${(mark.y * 100 * picture.frame.height) / picture.height}%`);
    write(this.#mark, mark.label);
  }
}
