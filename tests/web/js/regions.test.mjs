import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CLOSE_UP_MAX, closeUpsOf, intersect, onEvenGrid, regionOfScreen,
} from '../../../services/web/static/js/regions.js';
import { placed } from '../../../services/web/static/js/shot.js';

const SCREEN = { width: 1_920, height: 1_080 };

/** Every tile of a part of the screen. @param {number} left @param {number} top @param {number} right @param {number} bottom */
function tiles(left, top, right, bottom) {
  const found = [];
  for (let y = top; y < bottom; y += 64) {
    for (let x = left; x < right; x += 64) found.push({ x, y, width: 64, height: 64 });
  }
  return found;
}

test('a changed digit is shown with what stands around it', () => {
  const [part, ...others] = closeUpsOf([{ x: 900, y: 500, width: 6, height: 9 }], SCREEN);

  assert.deepEqual(others, []);
  assert.deepEqual(part, { x: 647, y: 377, width: 512, height: 256 });
});

test('a change at the edge is shown whole, within the screen', () => {
  const [part] = closeUpsOf([{ x: 1_900, y: 1_070, width: 20, height: 10 }], SCREEN);

  assert.deepEqual(part, { x: 1_408, y: 824, width: 512, height: 256 });
});

test('lines that changed together come as one close-up', () => {
  const lines = [300, 320, 420].map((y) => ({ x: 400, y, width: 60, height: 12 }));

  const parts = closeUpsOf(lines, SCREEN);

  assert.equal(parts.length, 1);
  for (const line of lines) assert.deepEqual(intersect(parts[0], line), line);
});

test('changes far from each other come apart, the larger first', () => {
  const small = { x: 100, y: 100, width: 30, height: 12 };
  const large = { x: 1_500, y: 900, width: 60, height: 60 };

  const parts = closeUpsOf([small, large], SCREEN);

  assert.deepEqual(parts.map((part) => intersect(part, large) !== null), [true, false]);
});

test('a whole screen that changed comes in close-ups that each keep to their size', () => {
  const changed = tiles(0, 0, 1_920, 1_080).map((tile) => intersect(tile, { x: 0, y: 0, ...SCREEN }));

  const parts = closeUpsOf(changed, SCREEN);

  assert.ok(parts.length >= 4 && parts.length <= 12, String(parts.length));
  for (const { x, y, width, height } of parts) {
    assert.ok(width <= CLOSE_UP_MAX.width && height <= CLOSE_UP_MAX.height);
    assert.ok(x >= 0 && y >= 0 && x + width <= SCREEN.width && y + height <= SCREEN.height);
  }
  for (const tile of changed) assert.ok(parts.some((part) => intersect(part, tile)?.width === tile.width));
});

test('a close-up of a screen smaller than one is the whole screen', () => {
  assert.deepEqual(closeUpsOf([{ x: 10, y: 10, width: 5, height: 9 }], { width: 300, height: 200 }), [
    { x: 0, y: 0, width: 300, height: 200 },
  ]);
});

test('a region of an overview is found on the screen', () => {
  const overview = { width: 1_536, height: 864 };

  assert.deepEqual(regionOfScreen({ x: 80, y: 160, width: 400, height: 240 }, overview, SCREEN), {
    x: 100, y: 200, width: 500, height: 300,
  });
  assert.equal(regionOfScreen({ x: 1_600, y: 0, width: 10, height: 10 }, overview, SCREEN), null);
  assert.equal(regionOfScreen({ x: NaN, y: 0, width: 10, height: 10 }, overview, SCREEN), null);
});

test('a box covers every pixel that it touches, on the even grid', () => {
  assert.deepEqual(onEvenGrid({ x: 3.4, y: 5, width: 2, height: 1 }, SCREEN), { x: 2, y: 4, width: 4, height: 2 });
  assert.equal(onEvenGrid({ x: 2_000, y: 0, width: 9, height: 9 }, SCREEN), null);
});

test('masks follow the screen when it changes its size', () => {
  const sight = { region: null, masks: [{ x: 0.5, y: 0.5, width: 0.25, height: 0.25 }] };

  assert.deepEqual(placed(sight, SCREEN).hidden, [{ x: 960, y: 540, width: 480, height: 270 }]);
  assert.deepEqual(placed(sight, { width: 800, height: 600 }).hidden, [{ x: 400, y: 300, width: 200, height: 150 }]);
});

test('a mask is where it was when only a region is shared', () => {
  const sight = {
    region: { x: 0.5, y: 0, width: 0.5, height: 1 },
    masks: [{ x: 0.4, y: 0, width: 0.2, height: 0.1 }, { x: 0, y: 0, width: 0.1, height: 0.1 }],
  };

  assert.deepEqual(placed(sight, { width: 1_000, height: 1_000 }), {
    region: { x: 500, y: 0, width: 500, height: 1_000 }, hidden: [{ x: 0, y: 0, width: 100, height: 100 }],
  });
});
