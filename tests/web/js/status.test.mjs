import assert from 'node:assert/strict';
import { test } from 'node:test';

import { afterGatewayMessage } from '../../../services/web/static/js/events.js';
import { Store } from '../../../services/web/static/js/state.js';
import { DEFAULT_SETTINGS } from '../../../services/web/static/js/storage.js';
import { STATUSES, statusLabel, statusOf } from '../../../services/web/static/js/status.js';

/** @param {object} change @returns {any} The state of a live conversation, but for `change`. */
function live(change = {}) {
  const { state } = new Store({ ...DEFAULT_SETTINGS });
  return {
    ...state, phase: 'live', link: 'open', session: 'live', wasLive: true,
    microphone: { state: 'on', label: '' }, ...change,
  };
}

const CASES = {
  idle: { phase: 'idle' },
  asking: { asking: 'screen' },
  connecting: { link: 'connecting', wasLive: false },
  queued: { queuePosition: 2 },
  listening: {},
  ready: { microphone: { state: 'off', label: '' } },
  hearing: { isHearing: true, playingTurn: 1 },
  thinking: { isThinking: true },
  looking: { isLooking: true, isAnswering: true },
  speaking: { playingTurn: 1 },
  interrupted: { isInterrupted: true, isHearing: true },
  muted: { microphone: { state: 'muted', label: '' } },
  paused: { share: { state: 'on', isPaused: true } },
  resuming: { link: 'waiting', attempt: 1 },
  offline: { link: 'waiting', attempt: 3 },
  ended: { phase: 'ended', link: 'closed' },
  refused: { phase: 'ended', ended: { reason: 'refused', message: '' } },
};

for (const [status, change] of Object.entries(CASES)) {
  test(`the page tells that it is ${status}`, () => {
    assert.equal(statusOf(live(change)), status);
  });
}

test('every status that can be shown has its case above', () => {
  assert.deepEqual(Object.keys(CASES).sort(), Object.keys(STATUSES).sort());
});

test('no two statuses share both shape and words', () => {
  const shown = Object.values(STATUSES).map(({ label }) => label);

  assert.equal(new Set(shown).size, shown.length);
});

test('without a network the page says so at once', () => {
  assert.equal(statusOf(live({ link: 'waiting', attempt: 0, isOnline: false })), 'offline');
});

test('with the gateway there and no worker yet it is still connecting', () => {
  assert.equal(statusOf(live({ session: 'none' })), 'connecting');
});

test('the place in the queue is named', () => {
  assert.equal(statusLabel(live({ queuePosition: 2 })), 'In the queue: number 2');
});

test('how often it tried to pick up again is told', () => {
  assert.equal(statusLabel(live({ link: 'waiting', attempt: 2 })), 'Picking up again, attempt 2');
});

test('a closer look is told until the answer goes on', () => {
  let state = live();
  for (const message of [
    { type: 'turn_start', turn: 1, picture: 7 },
    { type: 'tool', turn: 1, call: 'c', name: 'look_closer', args: {} },
  ]) state = { ...state, ...afterGatewayMessage(state, message, 0) };
  const looking = statusOf(state);
  const words = { type: 'transcript', role: 'assistant', turn: 1, text: 'It says', final: false };
  state = { ...state, ...afterGatewayMessage(state, words, 0) };

  assert.deepEqual([looking, statusOf(state)], ['looking', 'speaking']);
});

test('words of a question that is being answered do not make it think again', () => {
  let state = live();
  for (const message of [
    { type: 'transcript', role: 'user', turn: 1, text: 'Why?', final: false },
    { type: 'turn_start', turn: 1 },
    { type: 'turn_end', turn: 1 },
    { type: 'transcript', role: 'user', turn: 1, text: '', final: true },
  ]) state = { ...state, ...afterGatewayMessage(state, message, 0) };

  assert.equal(statusOf(state), 'listening');
});

test('a question that was heard is being thought about until the answer begins', () => {
  let state = live();
  const question = { type: 'transcript', role: 'user', turn: 1, text: 'Why?', final: true };
  state = { ...state, ...afterGatewayMessage(state, question, 0) };
  const thinking = statusOf(state);
  state = { ...state, ...afterGatewayMessage(state, { type: 'turn_start', turn: 1 }, 0) };

  assert.deepEqual([thinking, statusOf(state)], ['thinking', 'speaking']);
});

test('a question from before a reload is shown and thought about; what the page sent it shows already', () => {
  const asked = (/** @type {number} */ seq) => ({ type: 'asked', turn: 2, seq, text: 'Why?' });
  let state = live({ earlierSeq: 7 });
  state = { ...state, ...afterGatewayMessage(state, asked(8), 0) };
  const own = [state.lines.length, statusOf(state)];
  state = { ...state, ...afterGatewayMessage(state, asked(7), 0) };

  assert.deepEqual(own, [0, 'listening']);
  assert.deepEqual([state.lines[0].text, statusOf(state)], ['Why?', 'thinking']);
});
