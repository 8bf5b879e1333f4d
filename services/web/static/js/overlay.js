/** What is drawn over a picture of the screen: what had changed, what was shown closer, the mark. */

/** @typedef {import('./state.js').Seen} Seen */
/** @typedef {import('./regions.js').Rect} Rect */
/** @typedef {import('./pointing.js').Mark} Mark */

const SVG = 'http://www.w3.org/2000/svg';
/** Frames and the mark are drawn at the scale of a picture of this width. */
const USUAL_WIDTH_PX = 1_280;

/** @param {string} name @param {Record<string, string | number>} attributes */
function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {Rect} rect @param {string} name */
const box = ({ x, y, width, height }, name) => shape('rect', { class: name, x, y, width, height });

/**
 * @param {SVGElement} svg Lies over the picture and scales as it does.
 * @param {Seen} overview
 * @param {readonly Seen[]} closeUps Those of this overview.
 * @param {Mark | null} mark
 */
export function drawOverlay(svg, { width, height, frame, changed }, closeUps, mark) {
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const scale = frame.width / USUAL_WIDTH_PX;
  const shapes = [
    ...changed.map((rect) => box(rect, 'overlay-changed')),
    ...closeUps.map(({ region }) => box(region, 'overlay-close-up')),
  ];
  if (mark) {
    const [cx, cy] = [mark.x * frame.width, mark.y * frame.height];
    shapes.push(shape('circle', { class: 'overlay-mark', cx, cy, r: 22 * scale }));
    shapes.push(shape('circle', { class: 'overlay-dot', cx, cy, r: 6 * scale }));
  }
  svg.style.setProperty('--stroke', `${3 * scale}px`);
  svg.replaceChildren(...shapes);
}
