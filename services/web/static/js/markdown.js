/**
 * The little of Markdown that answers use, as a tree: paragraphs, lists, code, tables; in them
 * code, emphasis and links. What is not understood stays as it was written. Pure.
 */

/** @typedef {{ kind: 'text' | 'code' | 'strong' | 'em', text: string } | { kind: 'link', text: string, url: string }} Span */
/**
 * @typedef {{ kind: 'paragraph', spans: Span[] }
 *   | { kind: 'heading', spans: Span[] }
 *   | { kind: 'code', language: string, text: string }
 *   | { kind: 'list', isOrdered: boolean, items: Span[][] }
 *   | { kind: 'table', head: Span[][], rows: Span[][][] }} Block
 */

const SPAN = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w*])\*([^*\s][^*\n]*)\*(?![\w*])|\[([^\]\n]+)\]\((https:\/\/[^\s)]+)\)/g;
const FENCE = /^\s*```(\w*)\s*$/;
const HEADING = /^#{1,6}\s+(.*)$/;
const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*\d{1,3}[.)]\s+(.*)$/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|(\s*:?-+:?\s*\|)+\s*$/;

/** @param {string} text @returns {Span[]} */
export function spansOf(text) {
  /** @type {Span[]} */
  const spans = [];
  let at = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) });
    const [whole, code, strong, em, label, url] = match;
    if (url) spans.push({ kind: 'link', text: label, url });
    else if (code) spans.push({ kind: 'code', text: code });
    else spans.push(strong ? { kind: 'strong', text: strong } : { kind: 'em', text: em });
    at = match.index + whole.length;
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) });
  return spans;
}

/** @param {string} row @returns {Span[][]} */
const cellsOf = (row) => row.trim().slice(1, -1).split('|').map((cell) => spansOf(cell.trim()));

/**
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  const lines = text.trim().split('\n');
  /** @type {Block[]} */
  const blocks = [];
  let at = 0;
  while (at < lines.length) {
    const [block, taken] = nextBlock(lines, at);
    if (block) blocks.push(block);
    at += taken;
  }
  return blocks;
}

/** @param {string[]} lines @param {number} at @returns {[block: Block | null, lines: number]} */
function nextBlock(lines, at) {
  const line = lines[at];
  if (line.trim() === '') return [null, 1];
  const fence = FENCE.exec(line);
  if (fence) return codeBlock(lines, at, fence[1]);
  if (ROW.test(line) && RULE.test(lines[at + 1] ?? '')) return tableBlock(lines, at);
  const heading = HEADING.exec(line);
  if (heading) return [{ kind: 'heading', spans: spansOf(heading[1]) }, 1];
  for (const [pattern, isOrdered] of /** @type {[RegExp, boolean][]} */ ([[BULLET, false], [NUMBER, true]])) {
    if (pattern.test(line)) return listBlock(lines, at, pattern, isOrdered);
  }
  return paragraph(lines, at);
}

/** @param {string[]} lines @param {number} at @param {(line: string) => boolean} belongs */
function lengthOf(lines, at, belongs) {
  const end = lines.findIndex((line, index) => index >= at && !belongs(line));
  return (end < 0 ? lines.length : end) - at;
}

/** @param {string[]} lines @param {number} at @param {string} language @returns {[Block, number]} */
function codeBlock(lines, at, language) {
  // While the answer still grows, the end of the code may not be there yet.
  const length = lengthOf(lines, at + 1, (line) => !FENCE.test(line));
  const text = lines.slice(at + 1, at + 1 + length).join('\n');
  return [{ kind: 'code', language, text }, length + 2];
}

/** @param {string[]} lines @param {number} at @returns {[Block, number]} */
function tableBlock(lines, at) {
  const length = lengthOf(lines, at + 2, (line) => ROW.test(line));
  const rows = lines.slice(at + 2, at + 2 + length).map(cellsOf);
  return [{ kind: 'table', head: cellsOf(lines[at]), rows }, length + 2];
}

/** @param {string[]} lines @param {number} at @param {RegExp} pattern @param {boolean} isOrdered @returns {[Block, number]} */
function listBlock(lines, at, pattern, isOrdered) {
  const length = lengthOf(lines, at, (line) => pattern.test(line));
  const items = lines.slice(at, at + length).map((line) => spansOf(pattern.exec(line)?.[1] ?? ''));
  return [{ kind: 'list', isOrdered, items }, length];
}

/** @param {string[]} lines @param {number} at @returns {[Block, number]} */
function paragraph(lines, at) {
  const starts = [FENCE, HEADING, BULLET, NUMBER, /^\s*$/];
  const isTable = (/** @type {number} */ index) => ROW.test(lines[index]) && RULE.test(lines[index + 1] ?? '');
  let end = at + 1;
  while (end < lines.length && !starts.some((start) => start.test(lines[end])) && !isTable(end)) end += 1;
  return [{ kind: 'paragraph', spans: spansOf(lines.slice(at, end).join('\n')) }, end - at];
}
