import assert from 'node:assert/strict';
import { test } from 'node:test';

import { blocksOf, spansOf } from '../../../services/web/static/js/markdown.js';
import { NOTHING_USED, addUsage, dollars } from '../../../services/web/static/js/usage.js';

/** @param {string} text @returns {string[]} What the text is made of, shortly. */
const shape = (text) => blocksOf(text).map((block) => block.kind);
/** @param {string} text */
const spans = (text) => spansOf(text).map(({ kind, text: words }) => `${kind}: ${words}`);

test('plain sentences stay as they are', () => {
  assert.deepEqual(blocksOf('It costs 3 * 4 = 12, or $a_b.'), [
    { kind: 'paragraph', spans: [{ kind: 'text', text: 'It costs 3 * 4 = 12, or $a_b.' }] },
  ]);
});

test('code, emphasis and links are told from text', () => {
  assert.deepEqual(spans('Use `a < b` **now**, *please*: [docs](https://a.example/b).'), [
    'text: Use ', 'code: a < b', 'text:  ', 'strong: now', 'text: , ', 'em: please', 'text: : ', 'link: docs',
    'text: .',
  ]);
});

test('only pages behind https become links', () => {
  for (const url of ['javascript:alert(1)', 'http://a.example', 'data:text/html,x', '//a.example']) {
    assert.deepEqual(spansOf(`[x](${url})`), [{ kind: 'text', text: `[x](${url})` }]);
  }
});

test('blocks end where the next begins', () => {
  const text = '# Title\nOne\ntwo\n- a\n- b\n1. c\n```js\nif (a) {}\n\n- d\n```\n| a | b |\n|---|:-:|\n| 1 | 2 |\nend';

  assert.deepEqual(shape(text), ['heading', 'paragraph', 'list', 'list', 'code', 'table', 'paragraph']);
});

test('code keeps every character', () => {
  const [block] = blocksOf('```py\n  a = "**b**"\n\n| x |\n```');

  assert.deepEqual(block, { kind: 'code', language: 'py', text: '  a = "**b**"\n\n| x |' });
});

test('code whose end has not come yet is code already', () => {
  assert.deepEqual(blocksOf('So:\n```\na = 1').at(-1), { kind: 'code', language: '', text: 'a = 1' });
});

test('a table has its cells, and a line with a bar is none', () => {
  const [table] = blocksOf('| a | `b` |\n| --- | --- |\n| 1 | 2 |');

  assert.ok(table.kind === 'table');
  assert.deepEqual(table.rows[0].map(([{ text }]) => text), ['1', '2']);
  assert.equal(table.head[1][0].kind, 'code');
  assert.deepEqual(shape('| not a table |\nat all'), ['paragraph']);
});

test('tokens are counted by kind, and cost what the list says', () => {
  const message = {
    prompt_tokens: 1_300, response_tokens: 200, total_tokens: 1_500,
    details: { prompt: { text: 200, audio: 100, image: 1_000 }, response: { text: 0, audio: 200 } },
  };

  const used = addUsage(addUsage(NOTHING_USED, message), message);

  assert.deepEqual([used.turns, used.totalTokens, used.prompt.image, used.response.audio], [2, 3_000, 2_000, 400]);
  assert.equal(dollars(used).toFixed(6), '0.007700');
});

test('tokens of no kind are taken for speech', () => {
  const used = addUsage(NOTHING_USED, { prompt_tokens: 10, response_tokens: 5, total_tokens: 15 });

  assert.deepEqual([used.prompt, used.response], [{ text: 0, audio: 10, image: 0 }, { text: 0, audio: 5, image: 0 }]);
});
