import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EchoGuard } from '../../../services/web/static/js/echo-guard.js';
import { Voice } from '../../../services/web/static/js/voice.js';

const CHUNK_MS = 40;
const ROOM_DB = -62;
const ECHO_CHUNKS = 3;

/** A voice as loudness per 40 ms: syllables, gaps between words, pauses between sentences. */
function* speech() {
  // A generator of its own, so that every run is the same.
  let seed = 7;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  for (;;) {
    for (let word = 0; word < 6; word += 1) {
      for (let i = 0; i < 4 + random() * 6; i += 1) yield -22 + 10 * random();
      for (let i = 0; i < 1 + random() * 4; i += 1) yield -70;
    }
    for (let i = 0; i < 10 + random() * 15; i += 1) yield -70;
  }
}

/** @param {number[]} levels dB @returns {number} dB of all of them together. */
const together = (...levels) => 10 * Math.log10(levels.reduce((sum, db) => sum + 10 ** (db / 10), 0));

/**
 * Play a voice, and have the microphone hear its echo 120 ms later.
 *
 * @param {EchoGuard} guard
 * @param {number} seconds
 * @param {number} returnDb
 * @param {number} [userDb] Somebody who speaks all the while.
 * @returns {string[]} What the guard said, chunk by chunk.
 */
function listen(guard, seconds, returnDb, userDb = -100) {
  const played = Array(ECHO_CHUNKS).fill(-100);
  const voice = speech();
  return Array.from({ length: (seconds * 1_000) / CHUNK_MS }, () => {
    const now = Number(voice.next().value);
    played.push(now);
    guard.onPlayed(now);
    return guard.push(together(played[played.length - 1 - ECHO_CHUNKS] + returnDb, ROOM_DB, userDb), CHUNK_MS);
  });
}

for (const returnDb of [-10, -20, -35, -60]) {
  test(`the assistant does not take its own echo of ${returnDb} dB for somebody`, () => {
    const found = listen(new EchoGuard(), 60, returnDb);

    assert.deepEqual(found.filter((what) => what === 'opened' || what === 'open'), []);
  });

  test(`somebody who speaks over an echo of ${returnDb} dB is heard at once`, () => {
    const guard = new EchoGuard();
    listen(guard, 4, returnDb);

    const found = listen(guard, 1, returnDb, Math.max(-38, returnDb + 1));

    assert.ok(found.indexOf('opened') >= 0 && found.indexOf('opened') <= 4, String(found));
  });
}

test('who goes on speaking over the voice is heard to the end', () => {
  const guard = new EchoGuard();
  listen(guard, 4, -30);

  const found = listen(guard, 5, -30, -20);
  const opened = found.indexOf('opened');

  assert.ok(opened >= 0);
  assert.deepEqual(new Set(found.slice(opened + 1)), new Set(['open', 'clear']));
});

test('while nothing is played everything is let through', () => {
  const guard = new EchoGuard();

  assert.deepEqual(['clear', 'clear'], [guard.push(-20, CHUNK_MS), guard.push(-60, CHUNK_MS)]);
});

/** @param {number} amplitude @returns {ArrayBuffer} */
const chunk = (amplitude) => new Int16Array(640).fill(amplitude).buffer;

/** @returns {{ voice: Voice, port: any, sent: (string | number)[], levels: number[] }} Chunks by amplitude, controls by name. */
function makeVoice() {
  /** @type {(string | number)[]} */
  const sent = [];
  /** @type {number[]} */
  const levels = [];
  const voice = new Voice({
    onChunk: ({ pcm16 }) => sent.push(new Int16Array(pcm16.buffer)[0]),
    onControl: ({ type, active }) => sent.push(`${type} ${active}`),
    onSpeech: () => undefined,
    onLevel: (db) => levels.push(db),
  });
  const port = { close: () => undefined, onmessage: (/** @type {{ data: ArrayBuffer }} */ _) => undefined };
  return { voice, port, sent, levels };
}

test('what is said before there is a conversation is sent once there is one', () => {
  const { voice, port, sent } = makeVoice();
  voice.turnOn(port);
  for (const amplitude of [1, 2, 3]) port.onmessage({ data: chunk(amplitude) });
  const before = [...sent];

  voice.open(false);
  port.onmessage({ data: chunk(4) });

  assert.deepEqual(before, []);
  assert.deepEqual(sent, ['microphone true', 1, 2, 3, 4]);
});

test('what is said while nothing comes of it is not kept for ever', () => {
  const { voice, port, sent } = makeVoice();
  voice.turnOn(port);
  for (let i = 1; i <= 1_000; i += 1) port.onmessage({ data: chunk(i) });

  voice.open(false);

  assert.deepEqual([sent.length, sent.at(1), sent.at(-1)], [251, 751, 1_000]);
});

test('what was kept for a conversation that did not come about is sent to none', () => {
  const { voice, port, sent } = makeVoice();
  voice.turnOn(port);
  port.onmessage({ data: chunk(1) });
  voice.turnOff();

  voice.turnOn(port);
  voice.open(false);

  assert.deepEqual(sent, ['microphone true']);
});

test('the talk key reaches back a moment, and not into what was muted', () => {
  const { voice, port, sent } = makeVoice();
  voice.open(true);
  voice.turnOn(port);
  for (let i = 1; i <= 9; i += 1) port.onmessage({ data: chunk(i) });
  voice.talk(true);
  port.onmessage({ data: chunk(10) });
  voice.talk(false);
  port.onmessage({ data: chunk(11) });
  voice.mute(true);
  voice.mute(false);
  voice.talk(true);

  assert.deepEqual(sent, [
    'microphone true', 'talk true', 5, 6, 7, 8, 9, 10, 'talk false',
    'microphone false', 'microphone true', 'talk true',
  ]);
});

test('the model hears silence in place of its own voice, and all of who speaks over it', () => {
  const { voice, port, sent } = makeVoice();
  voice.open(false);
  voice.turnOn(port);
  for (let i = 0; i < 50; i += 1) {
    voice.onPlayed(-20);
    port.onmessage({ data: chunk(30) });
  }
  const whileAlone = sent.splice(0);
  for (let i = 0; i < 4; i += 1) {
    voice.onPlayed(-20);
    port.onmessage({ data: chunk(9_000 + i) });
  }

  assert.deepEqual(new Set(whileAlone), new Set(['microphone true', 0]));
  assert.deepEqual(sent, [0, 30, 30, 30, 30, 9_000, 9_001, 9_002, 9_003]);
});

test('with the tab heard besides, muting does not end the sound', () => {
  const { voice, port, sent } = makeVoice();
  voice.open(false);
  voice.turnOn(port);
  voice.mixTabSound(true);
  voice.mute(true);
  port.onmessage({ data: chunk(7) });
  voice.mixTabSound(false);

  assert.deepEqual(sent, ['microphone true', 7, 'microphone false']);
});

test('who is muted is not shown to be heard', () => {
  const { voice, port, levels } = makeVoice();
  voice.turnOn(port);
  voice.open(false);
  port.onmessage({ data: chunk(9_000) });

  voice.mute(true);
  port.onmessage({ data: chunk(9_000) });

  assert.equal(levels.at(-1), -100);
});
