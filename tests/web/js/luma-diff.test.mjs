import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareLuma } from '../../../services/web/static/js/luma-diff.js';

/** @param {number} [width] @param {number} [height] */
function blank(width = 640, height = 360) {
  return { samples: new Uint8Array(width * height).fill(240), width, height };
}

/**
 * @param {ReturnType<typeof blank>} luma
 * @param {{ x: number, y: number, width: number, height: number }} box
 * @param {number} [brightness]
 */
function paint(luma, { x, y, width, height }, brightness = 20) {
  const samples = luma.samples.slice();
  for (let row = y; row < y + height; row += 1) {
    samples.fill(brightness, row * luma.width + x, row * luma.width + x + width);
  }
  return { ...luma, samples };
}

test('the first picture is all new', () => {
  assert.deepEqual(compareLuma(null, blank()), {
    tiles: 60, box: { left: 0, top: 0, right: 639, bottom: 359 },
  });
});

test('a screen that stands still has no change', () => {
  assert.deepEqual(compareLuma(blank(), blank()), { tiles: 0, box: null });
});

test('one changed digit is seen, where it is', () => {
  const after = paint(blank(), { x: 301, y: 97, width: 6, height: 9 });

  assert.deepEqual(compareLuma(blank(), after), {
    tiles: 1, box: { left: 301, top: 97, right: 306, bottom: 105 },
  });
});

test('a changed digit is seen on a screen whose width is no multiple of four', () => {
  const after = paint(blank(637, 200), { x: 630, y: 197, width: 6, height: 3 });

  assert.equal(compareLuma(blank(637, 200), after).tiles, 1);
});

test('a blinking text cursor is no change', () => {
  const after = paint(blank(), { x: 301, y: 97, width: 2, height: 22 });

  assert.deepEqual(compareLuma(blank(), after), { tiles: 0, box: null });
});

test('a text cursor that has moved to another line is no change', () => {
  const before = paint(blank(), { x: 301, y: 20, width: 2, height: 22 });
  const after = paint(blank(), { x: 40, y: 200, width: 2, height: 22 });

  assert.equal(compareLuma(before, after).tiles, 0);
});

test('a digit beside a blinking cursor is a change', () => {
  const after = paint(paint(blank(), { x: 310, y: 97, width: 2, height: 22 }), { x: 301, y: 99, width: 6, height: 9 });

  assert.equal(compareLuma(blank(), after).tiles, 1);
});

test('noise of the compression is no change', () => {
  const after = paint(blank(), { x: 0, y: 0, width: 640, height: 360 }, 229);

  assert.equal(compareLuma(blank(), after).tiles, 0);
});

test('a change across tiles is counted in each and boxed as one', () => {
  const after = paint(blank(), { x: 60, y: 60, width: 80, height: 10 });

  assert.deepEqual(compareLuma(blank(), after), {
    tiles: 6, box: { left: 60, top: 60, right: 139, bottom: 69 },
  });
});

test('another size is all new', () => {
  assert.equal(compareLuma(blank(640, 360), blank(320, 180)).tiles, 15);
});
