import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareLooks, compareLuma, differsWithin } from '../../../services/web/static/js/luma-diff.js';

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
  assert.deepEqual(compareLuma(null, blank()), [{ x: 0, y: 0, width: 640, height: 360 }]);
});

test('a screen that stands still has no change', () => {
  assert.deepEqual(compareLuma(blank(), blank()), []);
});

test('one changed digit is seen, where it is', () => {
  const digit = { x: 301, y: 97, width: 6, height: 9 };

  assert.deepEqual(compareLuma(blank(), paint(blank(), digit)), [digit]);
});

test('a changed digit is seen on a screen whose width is no multiple of four', () => {
  const after = paint(blank(637, 200), { x: 630, y: 197, width: 6, height: 3 });

  assert.equal(compareLuma(blank(637, 200), after).length, 1);
});

test('a dot that becomes a comma is seen', () => {
  const after = paint(blank(), { x: 301, y: 97, width: 2, height: 3 });

  assert.equal(compareLuma(blank(), after).length, 1);
});

test('a blinking text cursor is no change, wherever it stands', () => {
  for (const y of [97, 120, 180, 190]) {
    const after = paint(blank(), { x: 301, y, width: 2, height: 20 });

    assert.deepEqual(compareLuma(blank(), after), [], `at ${y}`);
  }
});

test('a text cursor that has moved to another line is no change', () => {
  const before = paint(blank(), { x: 301, y: 20, width: 2, height: 22 });
  const after = paint(blank(), { x: 40, y: 200, width: 2, height: 22 });

  assert.deepEqual(compareLuma(before, after), []);
});

test('a rule longer than a text cursor is a change', () => {
  const after = paint(blank(), { x: 301, y: 66, width: 1, height: 55 });

  assert.equal(compareLuma(blank(), after).length, 1);
});

test('a digit beside a blinking cursor is a change', () => {
  const after = paint(paint(blank(), { x: 310, y: 97, width: 2, height: 22 }), { x: 301, y: 99, width: 6, height: 9 });

  assert.equal(compareLuma(blank(), after).length, 1);
});

test('noise of the compression is no change', () => {
  const after = paint(blank(), { x: 0, y: 0, width: 640, height: 360 }, 229);

  assert.deepEqual(compareLuma(blank(), after), []);
});

test('a change across tiles is boxed in each', () => {
  const after = paint(blank(), { x: 60, y: 60, width: 8, height: 10 });

  assert.deepEqual(compareLuma(blank(), after), [
    { x: 60, y: 60, width: 4, height: 4 }, { x: 64, y: 60, width: 4, height: 4 },
    { x: 60, y: 64, width: 4, height: 6 }, { x: 64, y: 64, width: 4, height: 6 },
  ]);
});

test('another size is all new', () => {
  assert.deepEqual(compareLuma(blank(640, 360), blank(320, 180)), [{ x: 0, y: 0, width: 320, height: 180 }]);
});

/** @param {{ x: number, y: number, width: number, height: number } | null} [box] Painted in one colour. */
function coloured(box = null) {
  const plane = { ...blank(320, 180), across: 2, down: 2 };
  return { ...blank(), colours: [plane, box ? { ...paint(plane, box), across: 2, down: 2 } : plane] };
}

test('a lamp that changes its colour and stays as bright is seen', () => {
  const changed = compareLooks(coloured(), coloured({ x: 20, y: 30, width: 8, height: 8 }));

  assert.deepEqual(changed, [{ x: 40, y: 60, width: 16, height: 16 }]);
});

test('a coloured text cursor is no change', () => {
  assert.deepEqual(compareLooks(coloured(), coloured({ x: 20, y: 3, width: 2, height: 11 })), []);
});

test('what changes elsewhere does not count within a region', () => {
  const region = { x: 100, y: 100, width: 160, height: 96 };
  const beside = { ...coloured(), samples: paint(blank(), { x: 270, y: 120, width: 9, height: 9 }).samples };
  const inside = { ...coloured(), samples: paint(blank(), { x: 250, y: 120, width: 9, height: 9 }).samples };
  const tinted = coloured({ x: 60, y: 60, width: 8, height: 8 });

  assert.deepEqual(
    [beside, inside, tinted].map((after) => differsWithin(coloured(), after, region)),
    [false, true, true],
  );
});
