"""Questions about texts: a paper, a terminal, settings; and what holds for all answers."""

from __future__ import annotations

import pytest

from local_live.answering import ABILITIES
from local_live.layout import Screen
from tests.local_live.screens import AGENDA, BUDGET, MAIL, PAPER, SETTINGS, TASKS, TERMINAL, told


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "how many nurses were followed",
            "184 nurses.",
        ),
        (
            "how long were the nurses followed",
            "We followed 184 nurses at three hospitals for six months.",
        ),
        (
            "who funded the trial",
            "The trial took place in Bergen and was funded by the Norwegian Research Council.",
        ),
        (
            "where did the trial take place",
            "The trial took place in Bergen and was funded by the Norwegian Research Council.",
        ),
        ("when did data collection end", "Data collection ended in March 2041."),
        (
            "how often was memory tested",
            "Memory was tested every two weeks with a list of 15 words.",
        ),
        (
            "why did nurses forget more words",
            (
                "Nurses who slept less than 5 hours forgot 23% more words, "
                "because deep sleep was cut short."
            ),
        ),
        ("how many words were on the list", "15 words."),
        ("what are the keywords", "Keywords: sleep, memory, shift work."),
        ("what is the title", "The title is: Sleep and memory in night-shift nurses."),
        ("what is the price of coffee", "I find no answer to that on your screen."),
    ],
)
def test_paper(question: str, said: str) -> None:
    """One sentence of a paragraph, however its lines are broken."""
    assert told(PAPER, question).removesuffix(f" {ABILITIES[0]}") == said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "what is the error",
            (
                "The error is: FileNotFoundError: No such file: settings.json. "
                "3 more lines look like trouble."
            ),
        ),
        (
            "which line has the error",
            "Line 12 of app.py. FileNotFoundError: No such file: settings.json.",
        ),
        ("what does line 12 say", "Line 12: return json.load(file)."),
        ("read line 14", "Line 14: settings = load(PATH)."),
        ("read line 13", "Line 13: empty."),
        ("read line 40", "I see lines 10 to 14, and not line 40."),
        ("how many tests failed", "2 failed."),
        ("how many passed", "3 passed."),
        ("why did it fail", "The error is: FileNotFoundError: No such file: settings.json."),
        ("is there a warning", "The error is: FileNotFoundError: No such file: settings.json."),
    ],
)
def test_terminal(question: str, said: str) -> None:
    """The error itself rather than the first line that looks like one; lines by their numbers."""
    assert told(TERMINAL, question).startswith(said)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("what is the language", "Language: English."),
        ("what's the font size", "Font size: 14 px."),
        ("what is the theme set to", "Theme: Dark."),
        ("is autosave on", "Yes. Autosave: On."),
        ("is sync enabled", "No. Sync: Off."),
        ("is sync disabled", "Yes. Sync: Off."),
        ("is the theme light", "No. Theme: Dark."),
        ("what plan am I on", "Plan: Team."),
        ("when is the renewal date", "Renewal date: 3 March 2042."),
        ("how much storage is used", "Storage used: 7.4 GB."),
        ("is the storage used more than 5", "Yes. Storage used: 7.4 GB."),
        ("what is the job title", "Job title: Senior engineer."),
        ("what is the phone number", "Phone number: +47 555 01 234."),
        ("what is the time zone", "Time zone: Europe/Oslo."),
        ("where is the save button", '"Save changes" is at the bottom left.'),
    ],
)
def test_settings(question: str, said: str) -> None:
    """Values beside, behind and below their labels."""
    assert told(SETTINGS, question) == said


@pytest.mark.parametrize("shown", [BUDGET, PAPER, TERMINAL, SETTINGS, MAIL, TASKS, AGENDA])
def test_no_answer_ends_with_two_signs(shown: Screen) -> None:
    """Whatever is quoted, one full stop is enough."""
    for question in ("dana", "sleep", "file", "theme", "omar", "review", "read my screen", "title"):
        assert not told(shown, question).endswith(("..", ".:", "!.", "?."))
