import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Resampler } from '../../../services/web/static/js/resampler.js';

const BLOCK = 128;

/**
 * @param {number} fromHz
 * @param {number} toHz
 * @param {number} toneHz
 * @returns {Float64Array} Half a second of a full-scale tone after conversion: whole periods of it.
 */
function convertTone(fromHz, toHz, toneHz) {
  const resampler = new Resampler(fromHz, toHz);
  const output = new Float32Array(resampler.maxOutput(BLOCK));
  const input = new Float32Array(BLOCK);
  const samples = [];
  for (let start = 0; start < fromHz; start += BLOCK) {
    for (let i = 0; i < BLOCK; i += 1) input[i] = Math.sin((2 * Math.PI * toneHz * (start + i)) / fromHz);
    samples.push(...output.subarray(0, resampler.process(input, output)));
  }
  return Float64Array.from(samples.slice(toHz / 5, toHz / 5 + toHz / 2));
}

/**
 * @param {Float64Array} samples
 * @param {number} rateHz
 * @param {number} toneHz
 * @returns {{ signalDb: number, noiseDb: number }} The best-fitting tone, and all that is not it.
 */
function analyse(samples, rateHz, toneHz) {
  const length = samples.length;
  let [cosine, sine, power] = [0, 0, 0];
  for (let i = 0; i < length; i += 1) {
    const phase = (2 * Math.PI * toneHz * i) / rateHz;
    cosine += samples[i] * Math.cos(phase);
    sine += samples[i] * Math.sin(phase);
    power += samples[i] ** 2;
  }
  const amplitude = (2 * Math.hypot(cosine, sine)) / length;
  const residual = Math.max(1e-30, power / length - amplitude ** 2 / 2);
  return { signalDb: 20 * Math.log10(amplitude), noiseDb: 10 * Math.log10(residual * 2) };
}

for (const [fromHz, toHz] of [[48_000, 16_000], [44_100, 16_000], [96_000, 16_000], [24_000, 48_000], [24_000, 44_100]]) {
  test(`speech passes unharmed from ${fromHz} to ${toHz} Hz`, () => {
    for (const toneHz of [200, 1_000, 3_400, 6_500]) {
      const { signalDb, noiseDb } = analyse(convertTone(fromHz, toHz, toneHz), toHz, toneHz);

      assert.ok(Math.abs(signalDb) < 0.1, `${toneHz} Hz comes out at ${signalDb.toFixed(2)} dB`);
      assert.ok(noiseDb < -60, `${toneHz} Hz comes with noise at ${noiseDb.toFixed(1)} dB`);
    }
  });
}

for (const fromHz of [48_000, 44_100]) {
  test(`what 16 kHz cannot hold is not folded back into speech, from ${fromHz} Hz`, () => {
    for (const toneHz of [8_500, 9_000, 12_000, 15_000, 20_000]) {
      const samples = convertTone(fromHz, 16_000, toneHz);
      const power = samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length;
      const leftDb = 10 * Math.log10(2 * power + 1e-30);

      assert.ok(leftDb < -70, `${toneHz} Hz leaves ${leftDb.toFixed(1)} dB`);
    }
  });
}

test('as many samples come out as time has passed, block by block', () => {
  const resampler = new Resampler(44_100, 16_000);
  const output = new Float32Array(resampler.maxOutput(BLOCK));
  let written = 0;
  for (let i = 0; i < 441; i += 1) written += resampler.process(new Float32Array(BLOCK), output);

  assert.equal(written, Math.round((441 * BLOCK * 16_000) / 44_100));
});

test('the same rate is handed through', () => {
  const resampler = new Resampler(16_000, 16_000);
  const output = new Float32Array(4);

  assert.equal(resampler.process(Float32Array.of(0.1, -0.2, 0.3), output), 3);
  assert.deepEqual([...output], [...Float32Array.of(0.1, -0.2, 0.3, 0)]);
});
