import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Outbox } from '../../../services/web/static/js/outbox.js';

const CHUNK = new Uint8Array(1_280);

/** @param {number} chunks @param {number} [maxAudioMs] */
function filled(chunks, maxAudioMs = 20_000) {
  const outbox = new Outbox(maxAudioMs);
  for (let i = 0; i < chunks; i += 1) outbox.addAudio(CHUNK, i, 40);
  return outbox;
}

/** @param {Outbox} outbox */
const sendAll = (outbox) => [...outbox.unsent()].map(({ seq }) => seq);

test('numbers run over audio and control together, in the order of saying', () => {
  const outbox = filled(2);
  outbox.addControl({ type: 'text', text: 'Why?' });

  assert.deepEqual(sendAll(outbox), [1, 2, 3]);
  assert.deepEqual(sendAll(outbox), []);
});

test('what is acknowledged is forgotten, the rest is sent again with the same numbers', () => {
  const outbox = filled(5);
  sendAll(outbox);
  outbox.acknowledge(2);

  outbox.resumeAfter(3, true);

  assert.deepEqual(sendAll(outbox), [4, 5]);
});

test('what fell out before it was sent leaves no hole and is counted', () => {
  const outbox = filled(10, 200);

  const sent = [...outbox.unsent()];

  assert.deepEqual(sent.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
  assert.equal(sent[0].timeMs, 5);
  assert.equal(outbox.takeLostMs(), 200);
  assert.equal(outbox.takeLostMs(), 0);
});

test('what fell out after it was sent leaves no hole after a reconnect', () => {
  const outbox = filled(5, 200);
  sendAll(outbox);
  outbox.addAudio(CHUNK, 5, 40);

  outbox.resumeAfter(0, true);

  assert.deepEqual(sendAll(outbox), [1, 2, 3, 4, 5]);
  assert.equal(outbox.takeLostMs(), 40);
});

test('a question is never dropped, however much audio falls out around it', () => {
  const outbox = filled(2, 80);
  outbox.addControl({ type: 'text', text: 'Why?' });
  for (let i = 0; i < 10; i += 1) outbox.addAudio(CHUNK, i, 40);

  const types = outbox.entries.map(({ control }) => control?.type ?? 'audio');

  assert.deepEqual(types, ['text', 'audio', 'audio']);
});

test('a new session starts its numbers at one and is told nothing of answers in the old one', () => {
  const outbox = filled(3);
  sendAll(outbox);
  outbox.addControl({ type: 'played', turn: 4, played_ms: 900 });
  outbox.addControl({ type: 'text', text: 'Why?' });

  outbox.resumeAfter(0, false);

  assert.deepEqual([...outbox.unsent()].map(({ seq, control }) => [seq, control?.type ?? 'audio']),
    [[1, 'audio'], [2, 'audio'], [3, 'audio'], [4, 'text']]);
});

test('a reloaded page goes on after what the gateway has stored', () => {
  const outbox = new Outbox(20_000);
  outbox.resumeAfter(57, true);
  outbox.addAudio(CHUNK, 0, 40);

  assert.deepEqual(sendAll(outbox), [58]);
});
