import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Pointing } from '../../../services/web/static/js/pointing.js';

const FRAME = { width: 640, height: 360 };

/** @param {{ x: number, y: number } | null} [dot] Where something black of 10 × 10 px stands. */
function look(dot = null) {
  const samples = new Uint8Array(640 * 360).fill(240);
  for (let row = 0; dot && row < 10; row += 1) {
    samples.fill(20, (dot.y + row) * 640 + dot.x, (dot.y + row) * 640 + dot.x + 10);
  }
  return { samples, width: 640, height: 360, colours: [] };
}

/** @param {ReturnType<typeof look>} [now] How the screen looks when it is pointed at. */
function pointed(now = look()) {
  const pointing = new Pointing();
  pointing.remember(12, look(), FRAME);
  return { pointing, mark: pointing.pointAt('c1', { x: 320, y: 180, label: 'here', frame: 12 }, now) };
}

test('a place of a frame is marked in fractions of it', () => {
  assert.deepEqual(pointed().mark, { call: 'c1', x: 0.5, y: 0.5, label: 'here', frame: 12 });
});

test('the mark goes when what it points at changes, and not before', () => {
  const { pointing } = pointed();

  assert.equal(pointing.dropStale(look({ x: 20, y: 20 })), false);
  assert.equal(pointing.dropStale(look({ x: 330, y: 190 })), true);
  assert.equal(pointing.dropStale(look({ x: 330, y: 190 })), false);
});

test('a place that has changed since the frame is refused', () => {
  assert.match(String(pointed(look({ x: 330, y: 190 })).mark), /changed/);
});

test('a place outside of the frame, or in one that nobody knows, is refused', () => {
  const { pointing } = pointed();

  assert.match(String(pointing.pointAt('c2', { x: 900, y: 10, frame: 12 }, look())), /640x360/);
  assert.match(String(pointing.pointAt('c3', { x: 'left', y: 10, frame: 12 }, look())), /640x360/);
  assert.match(String(pointing.pointAt('c4', { x: 10, y: 10, frame: 3 }, look())), /too old/);
});

test('only the newest overviews can be pointed into', () => {
  const { pointing } = pointed();
  for (let number = 13; number < 19; number += 1) pointing.remember(number, look(), FRAME);

  assert.match(String(pointing.pointAt('c2', { x: 10, y: 10, frame: 12 }, look())), /too old/);
});

test('a call that is taken back takes its own mark with it, and no other', () => {
  const { pointing } = pointed();

  assert.deepEqual([pointing.cancel('c9'), pointing.cancel('c1'), pointing.cancel('c1')], [false, true, false]);
});
