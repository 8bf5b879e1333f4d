import assert from 'node:assert/strict';
import { test } from 'node:test';

import { reconnectDelayMs } from '../../../services/web/static/js/backoff.js';
import { levelDb, toFloat32, toInt16 } from '../../../services/web/static/js/pcm.js';
import { SpeechDetector } from '../../../services/web/static/js/speech-detector.js';

test('waits grow from 0.2 s to 5 s and are spread by chance', () => {
  const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => reconnectDelayMs(1006, attempt, 1));
  const shortest = [0, 5, 50].map((attempt) => reconnectDelayMs(1006, attempt, 0));

  assert.deepEqual(longest, [400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  assert.deepEqual(shortest, [200, 200, 200]);
});

test('a gateway that is replaced is left at once, a busy one is left alone for a second', () => {
  assert.ok(reconnectDelayMs(1012, 0, 1) <= 200);
  assert.ok(reconnectDelayMs(1013, 0, 0) >= 1_000);
  assert.ok(reconnectDelayMs(4429, 0, 0) >= 1_000);
});

/** @param {[db: number, ms: number][]} audio @returns {string[]} What the detector told, with when. */
function detect(audio) {
  const detector = new SpeechDetector();
  const told = [];
  let now = 0;
  for (const [db, ms] of audio) {
    for (let at = 0; at < ms; at += 40) {
      now += 40;
      const event = detector.push(db, 40);
      if (event) told.push(`${event} ${now}`);
    }
  }
  return told;
}

test('speech is noticed within 80 ms and ends 600 ms after the last sound', () => {
  assert.deepEqual(detect([[-65, 1_000], [-25, 800], [-65, 1_000]]), ['started 1080', 'ended 2400']);
});

test('a pause inside a sentence does not end it', () => {
  assert.deepEqual(detect([[-65, 1_000], [-25, 400], [-65, 400], [-25, 400], [-65, 1_000]]).length, 2);
});

test('a click of a key is no speech', () => {
  assert.deepEqual(detect([[-65, 1_000], [-20, 40], [-65, 2_000]]), []);
});

test('a fan that goes on is taken for noise within a few seconds', () => {
  const [started, ended] = detect([[-65, 1_000], [-45, 20_000]]);

  assert.equal(started, 'started 1080');
  assert.ok(Number(ended.split(' ')[1]) < 7_000, ended);
});

test('samples are clamped, not wrapped', () => {
  assert.deepEqual([1.5, -1.5, 0, 0.5].map(toInt16), [32_767, -32_768, 0, 16_384]);
});

test('samples survive the way there and back', () => {
  const pcm16 = Int16Array.of(-32_768, -1, 0, 1, 32_767);

  assert.deepEqual([...toFloat32(pcm16)].map(toInt16), [...pcm16]);
});

test('loudness is told in dB below full scale', () => {
  assert.equal(levelDb(new Int16Array(640)), -100);
  assert.ok(Math.abs(levelDb(new Int16Array(640).fill(16_384)) + 6.02) < 0.01);
});
