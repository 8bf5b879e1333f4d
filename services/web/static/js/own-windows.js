/**
 * Where the page's own windows lie on a screen that is shared whole.
 *
 * They would film themselves: each picture that is shown as sent would change the screen again, and
 * their words would be read to the user as if they were his. So they are hidden like anything else
 * that the user hides.
 */

/** @typedef {import('./regions.js').Rect} Rect */

/** A window that is moved tells nobody. */
const LOOK_EVERY_MS = 500;
/** A window that fills most of the screen and has not the focus lies under another one. */
const MOST_OF_SCREEN = 0.6;

/** @param {Rect} rect CSS pixels of the screen. @returns {Rect} In fractions of the screen. */
function ofScreen({ x, y, width, height }) {
  return { x: x / screen.width, y: y / screen.height, width: width / screen.width, height: height / screen.height };
}

/** @returns {Rect | null} The window that this page is in, if it can be seen. */
function ownPage() {
  if (document.visibilityState === 'hidden') return null;
  const { screenX: x, screenY: y, outerWidth: width, outerHeight: height } = window;
  const share = (width * height) / (screen.width * screen.height);
  if (!document.hasFocus() && share > MOST_OF_SCREEN) return null;
  return { x, y, width, height };
}

export class OwnWindows {
  #onChange;
  /** @type {Rect | null} A panel of the page that stays above other windows; CSS pixels of the screen. */
  panel = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #clock;
  #known = '[]';

  /** @param {() => void} onChange They were moved, shown or covered. */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Whether more screens than one make it impossible to tell on which of them a window is. */
  get isUnsure() {
    return 'isExtended' in screen && screen.isExtended === true;
  }

  /** @returns {Rect[]} In fractions of the screen. */
  get rects() {
    if (this.isUnsure) return [];
    return [ownPage(), this.panel].flatMap((rect) => (rect ? ofScreen(rect) : []));
  }

  /** @param {boolean} isWatched Whether a whole screen is shared. */
  watch(isWatched) {
    clearInterval(this.#clock);
    if (!isWatched) return;
    this.#known = JSON.stringify(this.rects);
    this.#clock = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** See whether they are where they were. */
  look() {
    const now = JSON.stringify(this.rects);
    if (now === this.#known) return;
    this.#known = now;
    this.#onChange();
  }
}
