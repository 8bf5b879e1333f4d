/** What is drawn over a picture of the screen: what had changed, what was shown closer, the mark. */

import { makeSvg } from './dom.js';

/** @typedef {import('./state.js').Seen} Seen */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./pointing.js').Mark} Mark */

/** Frames and the mark are drawn at the scale of a picture of this width. */
const USUAL_WIDTH_PX = 1_280;

/** @param {Rect} rect @param {string} name */
const box = ({ x, y, width, height }, name) => makeSvg('rect', { class: name, x, y, width, height });

/**
 * @param {SVGElement} svg Lies over the picture and scales as it does.
 * @param {Seen} overview
 * @param {readonly Seen[]} closeUps Those of this overview.
 * @param {Mark | null} mark
 */
export function drawOverlay(svg, { width, height, frame, changed }, closeUps, mark) {
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const scale = frame.width / USUAL_WIDTH_PX;
  /** @type {SVGElement[]} */
  const shapes = [
    ...changed.map((rect) => box(rect, 'overlay-changed')),
    ...closeUps.map(({ region }) => box(region, 'overlay-close-up')),
  ];
  if (mark) {
    const [cx, cy] = [mark.x * frame.width, mark.y * frame.height];
    shapes.push(makeSvg('circle', { class: 'overlay-mark', cx, cy, r: 22 * scale }));
    shapes.push(makeSvg('circle', { class: 'overlay-dot', cx, cy, r: 6 * scale }));
  }
  svg.style.setProperty('--stroke', `${3 * scale}px`);
  svg.replaceChildren(...shapes);
}
