import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Jitter } from '../../../services/web/static/js/jitter.js';

/** One sample is one millisecond. */
const RATE_HZ = 1_000;

/** @param {Jitter} jitter @param {number} held @returns {number} How long it waits with so much held, in ms. */
function waits(jitter, held) {
  jitter.restart();
  let ms = 0;
  while (!jitter.mayStart(held, 10)) ms += 10;
  return ms;
}

test('a turn begins as soon as a little of it is held', () => {
  const jitter = new Jitter(RATE_HZ);

  assert.deepEqual([jitter.mayStart(119, 10), jitter.mayStart(120, 10)], [false, true]);
});

test('a short answer whose end is not told is played all the same', () => {
  assert.equal(waits(new Jitter(RATE_HZ), 50), 290);
});

test('a hole within a turn teaches to hold back more, up to a limit', () => {
  const jitter = new Jitter(RATE_HZ);
  const least = [1, 2, 3, 4].map(() => {
    jitter.onDry(false);
    jitter.onMore(true);
    return [119, 239, 240, 479, 480, 599, 600].find((held) => waits(jitter, held) === 0);
  });

  assert.deepEqual(least, [240, 480, 600, 600]);
});

test('a pause between two turns is no hole', () => {
  const jitter = new Jitter(RATE_HZ);
  jitter.onDry(false);

  jitter.onMore(false);

  assert.equal(waits(jitter, 120), 0);
});

test('turns without a hole bring it back to where it began', () => {
  const jitter = new Jitter(RATE_HZ);
  jitter.onDry(false);
  jitter.onMore(true);
  const learnt = waits(jitter, 120);

  for (let turn = 0; turn < 3; turn += 1) jitter.onDry(true);

  assert.ok(learnt > 0);
  assert.equal(waits(jitter, 120), 0);
});
