/** Finding and making elements. Text goes in as text, never as HTML. */

/**
 * The element with `data-role="role"`; a missing one is a mistake in the page.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} role
 * @returns {T}
 */
export function byRole(role) {
  const element = document.querySelector(`[data-role="${role}"]`);
  if (!element) throw new Error(`the page has no element with the role "${role}"`);
  return /** @type {T} */ (element);
}

/** @param {string} action @returns {HTMLButtonElement[]} */
export function buttonsOf(action) {
  return [...document.querySelectorAll(`button[data-action="${action}"]`)].filter(
    (element) => element instanceof HTMLButtonElement,
  );
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} className
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number>} attributes
 * @returns {SVGElementTagNameMap[K]}
 */
export function makeSvg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** @param {string} name A symbol of the sprite, without `i-`. @returns {SVGSVGElement} */
export function icon(name) {
  const svg = makeSvg('svg', { class: 'icon', 'aria-hidden': 'true' });
  svg.append(makeSvg('use', { href: `#i-${name}` }));
  return svg;
}

/** Write a text only where it differs, so that a screen reader hears it once. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
