"""Screens as people have them, and what is told about them."""

from __future__ import annotations

from local_live.answering import answer
from local_live.history import Memory, Turn
from local_live.layout import Screen
from tests.local_live.samples import screen

BUDGET = screen(
    "# Travel budget",
    "",
    "Item|Planned|Spent",
    "Flights|1,840|1,912",
    "Hotels|2,300|1,975",
    "Meals|650|702",
    "Train tickets|180|164",
    "Total|4,970|4,753",
    "",
    "Approved by Dana on 12 October. The next review is in January.",
)
PAPER = screen(
    "# Sleep and memory in night-shift nurses",
    "Maria Okafor and Jun Watanabe",
    "University of Bergen, Department of Psychology",
    "",
    "Abstract",
    "",
    "We followed 184 nurses at three hospitals for six months. Memory was tested",
    "every two weeks with a list of 15 words. Nurses who slept less than",
    "5 hours forgot 23% more words, because deep sleep was cut short.",
    "The trial took place in Bergen and was funded by the Norwegian",
    "Research Council. Data collection ended in March 2041.",
    "",
    "Keywords: sleep, memory, shift work",
)
TERMINAL = screen(
    "$ python app.py",
    "10 def load(path):",
    "11     with open(path) as file:",
    "12         return json.load(file)",
    "13",
    "14 settings = load(PATH)",
    "",
    "Traceback (most recent call last):",
    'File "app.py", line 14, in <module>',
    'File "app.py", line 12, in load',
    "FileNotFoundError: No such file: settings.json",
    "",
    "WARNING: cache is disabled",
    "3 passed, 2 failed in 4.12s",
)
SETTINGS = screen(
    "# Preferences",
    "",
    "Language|English",
    "Font size|14 px",
    "Theme|Dark",
    "Autosave|On",
    "Sync|Off",
    "Time zone|Europe/Oslo",
    "",
    "Plan: Team",
    "Renewal date: 3 March 2042",
    "Storage used: 7.4 GB",
    "",
    "",
    "Job title",
    "Senior engineer",
    "",
    "",
    "Phone number",
    "+47 555 01 234",
    "",
    "",
    "Save changes|Cancel",
)
MAIL = screen(
    "# Inbox (3)",
    "",
    "From|Subject|Received|Size",
    "Dana Lee|Budget approved|Monday 09:12|14 KB",
    "Omar Haddad|Offsite in Lisbon|Sunday 18:40|220 KB",
    "Priya Nair|Invoice 4471|Friday 11:05|96 KB",
    "GitHub|Build failed on main|Friday 08:59|8 KB",
)
TASKS = screen(
    "# Team",
    "",
    "Task|Owner|Due|Status",
    "Login page|Ada|12 May|Open",
    "Slow search on phones|Grace|14 May|Open",
    "Export to PDF|Ada|20 May|Done",
    "Password reset|Linus|2 June|Blocked",
)
AGENDA = screen(
    "# Wednesday",
    "",
    "09:00|Standup|Room 4",
    "10:30|Design review|Room 2",
    "12:00|Lunch with Omar|Canteen",
    "15:15|Interview|Room 4",
)


def told(shown: Screen, *questions: str) -> str:
    """Return the answer to the last of ``questions``, asked one after the other."""
    turns: list[Turn] = []
    said = ""
    for question in questions:
        said = " ".join(answer(question, shown, Memory(), turns).sentences)
        turns += [Turn("user", question), Turn("model", said)]
    return said
