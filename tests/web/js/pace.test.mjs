import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Pace, planOf } from '../../../services/web/static/js/pace.js';

/**
 * Let time go by.
 *
 * @param {Pace} pace
 * @param {number} untilMs
 * @param {{ changeEveryMs: number, talks?: boolean }} how
 * @returns {number[]} When a picture was sent.
 */
function run(pace, untilMs, { changeEveryMs, talks = false }) {
  const sent = [];
  for (let now = 0; now <= untilMs; now += 50) {
    if (now % changeEveryMs === 0) pace.onChange(now);
    if (talks) pace.onTalk(now);
    if (!pace.isDue(now)) continue;
    const pictures = pace.allowance(now);
    pace.onSent(now);
    pace.onMore(now, pictures - 1);
    for (let i = 0; i < pictures; i += 1) sent.push(now);
  }
  return sent;
}

test('a change is sent when it has settled', () => {
  const pace = new Pace();
  pace.onChange(0);
  pace.onChange(100);

  assert.deepEqual([200, 349, 350].map((now) => pace.isDue(now)), [false, false, true]);
});

for (const detail of /** @type {const} */ (['saver', 'balanced', 'sharp'])) {
  test(`in conversation a film is sent, ${detail}, at no more than one picture a second`, () => {
    const sent = run(new Pace(planOf(detail)), 60_000, { changeEveryMs: 50, talks: true });

    const most = { saver: 21, balanced: 62, sharp: 64 }[detail];
    assert.ok(sent.length <= most && sent.length > most * 0.8, String(sent.length));
  });
}

test('while nobody talks an hour of changes costs a few dozen pictures', () => {
  const count = (/** @type {'saver' | 'balanced'} */ detail) =>
    run(new Pace(planOf(detail)), 3_600_000, { changeEveryMs: 20_000 }).length;

  assert.ok(count('balanced') <= 38, String(count('balanced')));
  assert.ok(count('saver') <= 23, String(count('saver')));
});

test('the first changes after a rest are sent at once', () => {
  const pace = new Pace();
  run(pace, 1_000_000, { changeEveryMs: 5_000 });

  pace.onChange(3_000_000);

  assert.equal(pace.isDue(3_000_250), true);
  assert.equal(pace.allowance(3_000_250), 2);
});

test('nothing is due while the screen stands still, but for a slow heartbeat', () => {
  const pace = new Pace();
  pace.onChange(0);
  pace.onSent(250);

  assert.deepEqual([60_000, 299_000, 301_000].map((now) => pace.isDue(now)), [false, false, false]);
  assert.deepEqual([60_000, 299_000, 301_000].map((now) => pace.isHeartbeatDue(now)), [false, false, true]);
});

test('a question shows again what the model saw long ago', () => {
  const pace = new Pace();
  pace.onSent(0);

  assert.deepEqual([1_000, 59_000, 60_000].map((now) => pace.isStale(now)), [false, false, true]);
});

test('questions one after another keep to what the gateway takes', () => {
  const pace = new Pace();
  pace.onSent(1_000);

  assert.deepEqual([1_100, 1_400, 9_000].map((now) => pace.questionWaitMs(now)), [300, 0, 0]);
});

test('a page that may film itself is sent calmly', () => {
  const pace = new Pace();
  pace.isCalm = true;
  pace.onSent(0);
  pace.onChange(100);

  assert.deepEqual([pace.isDue(2_000), pace.isDue(5_000)], [false, true]);
});

test('an unknown setting of detail is taken for the balanced one', () => {
  assert.equal(planOf(/** @type {any} */ ('lavish')), planOf('balanced'));
});
