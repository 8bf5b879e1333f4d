/** Hands a file to the user. */

/** @param {string} name @param {string} type @param {string} content */
export function download(name, type, content) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  // The browser takes the file when it comes to it, and tells nobody.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {number} timeMs @returns {string} For file names. */
export function stamp(timeMs) {
  return new Date(timeMs).toISOString().slice(0, 19).replaceAll(':', '-');
}
