import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mayReconnect } from '../../../services/web/static/js/close-codes.js';
import {
  Kind, MessageError, decodeMedia, decodeMessage, encodeMedia, encodeMessage, isLater,
} from '../../../services/web/static/js/messages.js';
import { bytesOf, samples } from './samples.mjs';

const json = samples('json');
const clientSamples = json.filter(({ label }) => label.startsWith('client '));
const gatewaySamples = json.filter(({ label }) => label.startsWith('gateway '));

test('the document has samples for both sides', () => {
  assert.ok(clientSamples.length >= 8);
  assert.ok(gatewaySamples.length >= 15);
});

for (const { label, body } of clientSamples) {
  test(`the page writes the documented "${label}"`, () => {
    const written = encodeMessage(JSON.parse(body));

    assert.deepEqual(JSON.parse(written), JSON.parse(body));
  });

  test(`the page refuses "${label}" with a field that the gateway does not know`, () => {
    const wrong = { ...JSON.parse(body), colour: 'red' };

    assert.throws(() => encodeMessage(wrong), MessageError);
  });
}

for (const { label, body } of gatewaySamples) {
  test(`the page reads the documented "${label}"`, () => {
    assert.deepEqual(decodeMessage(body), JSON.parse(body));
  });

  test(`the page notices a "${label}" whose fields have the wrong type`, () => {
    const { type, ...fields } = JSON.parse(body);
    const wrong = Object.fromEntries(Object.keys(fields).map((name) => [name, [[]]]));

    assert.throws(() => decodeMessage(JSON.stringify({ type, ...wrong })), MessageError);
  });
}

test('a message of a type to come is left alone', () => {
  assert.equal(decodeMessage('{"type": "weather", "degrees": 21}'), null);
});

test('what is not a JSON object is refused', () => {
  for (const body of ['', '[]', 'null', '7', '{"kind": 1}']) {
    assert.throws(() => decodeMessage(body), MessageError);
  }
});

test('the documented binary frames are written byte for byte', () => {
  const [microphone, picture] = samples('hex').map(({ body }) => bytesOf(body));

  const audio = encodeMedia(Kind.MICROPHONE, 7, 1_700_000_000_000.5, new Uint8Array(microphone, 20));
  const header = encodeMedia(Kind.PICTURE, 3, 1_700_000_000_000.5, new Uint8Array(0));

  assert.deepEqual(new Uint8Array(audio.buffer, 0, 8), new Uint8Array(microphone, 0, 8));
  assert.deepEqual(audio.slice(16), new Uint8Array(microphone).slice(16));
  assert.deepEqual(header.slice(0, 8), new Uint8Array(picture).slice(0, 8));
});

test('the documented assistant audio is read', () => {
  const frame = bytesOf(samples('hex').find(({ label }) => label === 'assistant-audio')?.body ?? '');

  const media = decodeMedia(frame);

  assert.deepEqual(
    { kind: media.kind, epoch: media.epoch, seq: media.seq, turn: media.turn, bytes: [...media.payload] },
    { kind: 3, epoch: 2, seq: 42, turn: 5, bytes: [0, 0, 1, 0] },
  );
  assert.equal(media.timeMs, new DataView(frame).getFloat64(8, true));
});

test('a binary frame without a whole header, or of another kind, is refused', () => {
  assert.throws(() => decodeMedia(new ArrayBuffer(19)), MessageError);
  assert.throws(() => decodeMedia(new ArrayBuffer(20)), MessageError);
});

test('ids are ordered by number, not by letter, and by epoch first', () => {
  assert.ok(isLater('1-10', '1-9'));
  assert.ok(isLater('2-1', '1-99'));
  assert.ok(!isLater('1-9', '1-9'));
  assert.ok(isLater('1-1', null));
});

test('the page comes back after the codes that say so, and after no other', () => {
  for (const code of [1001, 1006, 1011, 1012, 1013, 4400, 4401, 4408, 4429]) assert.ok(mayReconnect(code));
  for (const code of [1000, 4500, 4501, 4509]) assert.ok(!mayReconnect(code));
});
