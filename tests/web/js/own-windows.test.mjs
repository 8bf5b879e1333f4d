import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OwnWindows } from '../../../services/web/static/js/own-windows.js';

/**
 * Put the page into a window on a screen of 1000 × 500.
 *
 * @param {{ rect?: number[], isVisible?: boolean, hasFocus?: boolean, isExtended?: boolean }} how
 */
function place({ rect = [100, 50, 400, 250], isVisible = true, hasFocus = true, isExtended = false }) {
  const [screenX, screenY, outerWidth, outerHeight] = rect;
  Object.assign(globalThis, {
    window: { screenX, screenY, outerWidth, outerHeight },
    screen: { width: 1_000, height: 500, isExtended },
    document: { visibilityState: isVisible ? 'visible' : 'hidden', hasFocus: () => hasFocus },
  });
}

test('the page and its panel are found where they lie on the screen', () => {
  place({});
  const own = new OwnWindows(() => {});
  own.panel = { x: 900, y: 450, width: 100, height: 50 };

  assert.deepEqual(own.rects, [
    { x: 0.1, y: 0.1, width: 0.4, height: 0.5 }, { x: 0.9, y: 0.9, width: 0.1, height: 0.1 },
  ]);
});

test('a page that is covered hides nothing of what covers it', () => {
  place({ isVisible: false });

  assert.deepEqual(new OwnWindows(() => {}).rects, []);
});

test('a large page behind another window does not hide the screen', () => {
  place({ rect: [0, 0, 1_000, 480], hasFocus: false });

  assert.deepEqual(new OwnWindows(() => {}).rects, []);
});

test('with several screens nobody knows where a window is, so nothing is hidden by mistake', () => {
  place({ isExtended: true });
  const own = new OwnWindows(() => {});

  assert.deepEqual([own.rects, own.isUnsure], [[], true]);
});

test('a window that was moved is told once', () => {
  place({});
  let told = 0;
  const own = new OwnWindows(() => {
    told += 1;
  });
  own.look();
  place({ rect: [200, 50, 400, 250] });

  own.look();
  own.look();

  assert.equal(told, 2);
});
