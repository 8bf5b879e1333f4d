import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LineWatch } from '../../../services/web/static/js/line-watch.js';

/**
 * Look once a second for a while.
 *
 * @param {LineWatch} watch
 * @param {number} fromS
 * @param {number} toS
 * @param {(second: number, found: string) => number | void} [onLook] May answer; returns bytes sent.
 * @returns {Record<string, number[]>} The seconds at which each was found.
 */
function looks(watch, fromS, toS, onLook = () => {}) {
  /** @type {Record<string, number[]>} */
  const found = { wait: [], ask: [], dead: [] };
  let sentBytes = 0;
  for (let second = fromS; second < toS; second += 1) {
    const next = watch.look(second * 1_000, sentBytes);
    found[next].push(second);
    sentBytes = onLook(second, next) ?? sentBytes;
  }
  return found;
}

/** @param {LineWatch} watch @returns {(second: number, found: string) => void} */
function answering(watch) {
  return (second, found) => {
    if (found === 'ask') watch.heard(second * 1_000 + 50, true);
  };
}

test('a line on which nothing is said is asked every 5 s at first, then never while there are signs of life', () => {
  const watch = new LineWatch(0);
  const answer = answering(watch);

  const { ask, dead } = looks(watch, 1, 240, (second, found) => {
    answer(second, found);
    if (second % 35 === 0 && second < 150) watch.heard(second * 1_000, true);
  });

  assert.deepEqual(ask, [5, 10, 15, 20, 25, 30, 191]); // the last sign came at 140
  assert.deepEqual(dead, []);
});

test('what is sent, or comes, has the line asked often again', () => {
  for (const isSent of [true, false]) {
    const watch = new LineWatch(0);
    const answer = answering(watch);

    const { ask } = looks(watch, 1, 80, (second, found) => {
      answer(second, found);
      if (second === 52 && !isSent) watch.heard(52_100, false);
      return isSent && second >= 52 ? 1 : 0;
    });

    assert.deepEqual(ask, [5, 10, 15, 20, 25, 30, 53, 58, 63, 68, 73, 78]);
  }
});

test('a line that answers nothing is given up 8 s after it was asked', () => {
  const watch = new LineWatch(0);

  const { ask, dead } = looks(watch, 1, 14);

  assert.deepEqual(ask, [5]);
  assert.equal(dead[0], 13);
});

test('anything that comes is an answer', () => {
  const watch = new LineWatch(0);

  const { dead } = looks(watch, 1, 60, (second) => watch.heard(second * 1_000 + 10, false));

  assert.deepEqual(dead, []);
});

test('a line that is doubted is asked at once', () => {
  const watch = new LineWatch(0);
  looks(watch, 1, 50, answering(watch));

  watch.doubt();

  assert.equal(watch.look(50_000, 0), 'ask');
  assert.equal(watch.look(51_000, 0), 'wait');
  assert.equal(watch.look(58_000, 0), 'ask');
});

test('after a sleep the line is asked at once, and has its time to answer', () => {
  const watch = new LineWatch(0);
  looks(watch, 1, 7); // asked, and not answered before the lid was closed

  assert.equal(watch.look(3_600_000, 0), 'ask');
  assert.equal(watch.look(3_601_000, 0), 'wait');
  assert.equal(watch.look(3_608_000, 0), 'ask'); // it slept again
  assert.equal(watch.look(3_609_000, 0), 'wait');
});
