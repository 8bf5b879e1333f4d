import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  addAsked, addSources, addTyped, addWords, closeLines, cutAnswer, fromHistory, keepHeard, spokenLength,
} from '../../../services/web/static/js/conversation.js';
import { completeSentences } from '../../../services/web/static/js/format.js';

/** @param {'user' | 'assistant'} role @param {number} turn @param {string} text @param {boolean} [final] */
const words = (role, turn, text, final = false) => ({ role, turn, text, final });
/** @param {readonly { role: string, text: string }[]} lines */
const texts = (lines) => lines.map(({ role, text }) => `${role}: ${text}`);

test('words grow the line of their role and turn', () => {
  let lines = addWords([], words('user', 1, 'What does'), 0);
  lines = addWords(lines, words('user', 1, ' it say?', true), 0);
  lines = addWords(lines, words('assistant', 1, 'Hello.'), 0);

  assert.deepEqual(texts(lines), ['user: What does it say?', 'assistant: Hello.']);
  assert.equal(lines[0].isFinal, true);
});

test('a question recognised after its answer began stands above it', () => {
  let lines = addWords([], words('assistant', 1, 'Hello.'), 0);
  lines = addWords(lines, words('user', 1, 'Who are you?'), 0);

  assert.deepEqual(texts(lines), ['user: Who are you?', 'assistant: Hello.']);
});

test('an end without words opens no line', () => {
  assert.deepEqual(addWords([], words('user', 1, '', true), 0), []);
});

test('a typed question follows what was said before', () => {
  const lines = addTyped(addWords([], words('assistant', 1, 'Hello.'), 0), 'Why?', 5);

  assert.deepEqual(texts(lines), ['assistant: Hello.', 'user: Why?']);
  assert.equal(lines[1].isTyped, true);
});

test('a question from before the page was loaded again stands there once', () => {
  let lines = addAsked(addWords([], words('assistant', 1, 'Hello.'), 0), 7, 'Why?', 5);
  lines = addAsked(lines, 7, 'Why?', 6);
  lines = addAsked(lines, 8, 'Why?', 7);

  assert.deepEqual(texts(lines), ['assistant: Hello.', 'user: Why?', 'user: Why?']);
  assert.equal(lines[1].isTyped, true);
});

test('an interrupted answer is marked, and takes no more words', () => {
  let lines = addWords([], words('assistant', 1, 'It is about'), 0);
  lines = cutAnswer(lines, 1, true);
  lines = addWords(lines, words('assistant', 1, ' nine hundred.'), 0);

  assert.deepEqual(lines.map(({ text, isCut }) => [text, isCut]), [['It is about', true]]);
});

test('an answer that was heard to its end is not marked by an interruption after it', () => {
  const lines = addWords([], words('assistant', 1, 'Nine hundred.', true), 0);

  assert.equal(cutAnswer(lines, 1, false)[0].isCut, false);
});

test('an answer that was being given when the conversation ended is marked as cut', () => {
  let lines = addWords([], words('user', 1, 'How many?'), 0);
  lines = addWords(lines, words('assistant', 1, 'It is about'), 0);

  assert.deepEqual(closeLines(lines, null).map(({ isFinal, isCut }) => [isFinal, isCut]),
    [[true, false], [true, true]]);
});

test('of an interrupted answer what was heard is kept, and what comes late is not', () => {
  let lines = addWords([], words('assistant', 1, 'There is a table with nine rows.'), 0);
  lines = keepHeard(cutAnswer(lines, 1, true), 1, 'There is a');
  lines = addWords(lines, words('assistant', 1, ' Anything else?'), 0);

  assert.deepEqual(lines.map(({ text, isCut, isFinal }) => [text, isCut, isFinal]), [['There is a', true, true]]);
});

test('an answer is linked to the picture that it was based on', () => {
  const picture = /** @type {any} */ ({ number: 12 });
  let lines = addWords([], { ...words('assistant', 1, 'It'), picture }, 0);
  lines = addWords(lines, { ...words('assistant', 1, ' is.'), picture: null }, 0);

  assert.equal(lines[0].picture, picture);
});

test('sources are shown by their names, and what is no page is left out', () => {
  const lines = addSources(addWords([], words('assistant', 1, 'Yes.'), 0), 1, [
    { title: 'A page', url: 'https://a.example/x' }, { title: '', url: 'https://b.example/y' },
    { title: 'No', url: 'javascript:alert(1)' }, { title: 'No', url: 'http://c.example' }, null,
  ]);

  assert.deepEqual(lines[0].sources.map(({ title }) => title), ['A page', 'b.example']);
});

test('the voice is followed through the words, piece by piece', () => {
  let lines = addWords([], { ...words('assistant', 1, 'One two '), placeMs: 0 }, 0);
  lines = addWords(lines, { ...words('assistant', 1, 'three four'), placeMs: 1_000 }, 0);
  const [line] = lines;

  assert.deepEqual([0, 500, 1_000, 1_250, 60_000].map((ms) => spokenLength(line, ms)), [0, 4, 8, 12, 18]);
});

test('history becomes lines, and what is no turn is left out', () => {
  const history = [
    { role: 'user', text: 'What is this?', turn: 1, time_ms: 5 },
    { role: 'system', text: 'secret', turn: 1, time_ms: 5 },
    null,
  ];

  assert.deepEqual(texts(fromHistory(history)), ['user: What is this?']);
});

test('a screen reader is given whole sentences', () => {
  assert.equal(completeSentences('It is blue. It costs 3.5', false), 'It is blue. ');
  assert.equal(completeSentences('It costs 3.5', false), '');
  assert.equal(completeSentences('It costs 3.5', true), 'It costs 3.5');
});
