"""What stands on a page: each visible word with its place, as the browser laid it out."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Page

_WORDS = r"""() => {
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || parent.closest('style, script, template')) continue;
    const cell = parent.closest('td');
    for (const match of node.data.matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const { left, top, right, bottom, width, height } = range.getBoundingClientRect();
      if (width < 1 || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) continue;
      const on = document.elementFromPoint(left + width / 2, top + height / 2);
      if (!on || !(parent.contains(on) || on.contains(parent))) continue;
      if (cell && right > cell.getBoundingClientRect().right + 1) continue;
      words.push([match[0], left, top, width, height]);
    }
  }
  return words;
}"""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the screen, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, word: Word, margin_px: float = 0.0) -> bool:
        """Return whether a word lies wholly within, that far from the edge."""
        return (
            word.left >= self.left + margin_px
            and word.top >= self.top + margin_px
            and word.right <= self.right - margin_px
            and word.bottom <= self.bottom - margin_px
        )


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the page and its box, in pixels of the screen."""

    text: str
    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its far edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


async def words_on(page: Page) -> list[Word]:
    """Return every word that is to be seen whole, covered and clipped ones left out."""
    return [Word(*found) for found in await page.evaluate(_WORDS)]
