"""Questions that people ask about five kinds of screens, and what they are told."""

from __future__ import annotations

import pytest

from local_live.answering import ABILITIES, answer
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
BIGGEST = "The highest Planned is Hotels, 2,300; the highest Spent is Hotels, 1,975."
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


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How much was spent on hotels?", "Spent for Hotels: 1,975."),
        ("how much did we spend on the hotel", "Spent for Hotels: 1,975."),
        ("how much was spent on hotles", "Spent for Hotels: 1,975."),
        ("What is the total planned?", "Total Planned: 4,970."),
        ("spent for meals", "Spent for Meals: 702."),
        ("planned train tickets", "Planned for Train tickets: 180."),
        ("what did flights cost", "Flights: Planned 1,840, Spent 1,912."),
        ("what is the total", "Total: Planned 4,970, Spent 4,753."),
        ("how much did we spend in total", "Total Spent: 4,753."),
        ("planned flights and hotels", "Planned: Flights 1,840, Hotels 2,300."),
        ("what cost 702", "Meals: Spent 702."),
        ("which item has the highest spent", "The highest Spent is Hotels, 1,975."),
        ("Which item cost the most?", BIGGEST),
        ("what is the smallest planned", "The lowest Planned is Train tickets, 180."),
        ("which was over budget", "Over: Flights by 72 and Meals by 52."),
        ("were the hotels over budget", "No, it is not over."),
        ("what is the sum of spent", "Spent adds up to 4,753."),
        ("add up planned for meals and flights", "Planned for Flights and Meals adds up to 2,490."),
        ("what is the average planned", "The average Planned is 1,242.50."),
        (
            "what is the difference between planned and spent for flights",
            "Flights: Spent 1,912 is 72 more than Planned 1,840.",
        ),
        (
            "read the spent column",
            "Spent: Flights 1,912. Hotels 1,975. Meals 702. Train tickets 164. Total 4,753.",
        ),
        ("read the row of meals", "Meals: Planned 650, Spent 702."),
        ("list the items", "Flights. Hotels. Meals. Train tickets."),
        ("how many items are there", "There are 4 items, and a total."),
        ("how many columns are there", "There are 3 columns: Item, Planned and Spent."),
        ("is the total more than 5,000?", "No. Total: Planned 4,970, Spent 4,753."),
        ("did we spend less than 5000 in total", "Yes. Total Spent: 4,753."),
        ("which items cost more than 2,000", "Planned: Hotels 2,300. Spent: none."),
        ("how much was spent on taxis", "I find Spent, but nothing about taxis."),
        ("what's the biggest expense", BIGGEST),
        ("how much is left", "Total: Planned 4,970 is 217 more than Spent 4,753."),
        ("what was the budget for hotels", "Planned for Hotels: 2,300."),
        ("did we spend more on flights than planned", "Yes: Flights by 72."),
        ("what is the second row", "Hotels: Planned 2,300, Spent 1,975."),
        ("Who approved it?", "Approved by Dana on 12 October."),
        ("when was it approved", "Approved by Dana on 12 October."),
        ("when is the next review", "The next review is in January."),
        ("when will it be reviewed", "The next review is in January."),
    ],
)
def test_spreadsheet(question: str, said: str) -> None:
    """Rows and columns, comparisons, sums; and the sentence below the table."""
    assert told(BUDGET, question) == said


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        (("how much was spent on hotels", "and meals?"), "Spent for Meals: 702."),
        (
            ("how much was spent on hotels", "and meals?", "what about planned?"),
            "Planned for Meals: 650.",
        ),
        (
            ("which item has the highest spent", "and the lowest?"),
            "The lowest Spent is Train tickets, 164.",
        ),
        (
            ("how much was spent on hotels", "is that more than 2,000?"),
            "No. Spent for Hotels: 1,975.",
        ),
        (("who approved it", "and when?"), "Approved by Dana on 12 October."),
        (("when is the next review", "what about the approval"), "Approved by Dana on 12 October."),
        (
            ("how much were the meals", "thank you", "and flights?"),
            "Flights: Planned 1,840, Spent 1,912.",
        ),
    ],
)
def test_follow_up_takes_the_rest_from_before(questions: tuple[str, ...], said: str) -> None:
    """The row, the column, the operation or the kind of the earlier question stays."""
    assert told(BUDGET, *questions) == said


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


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("who sent the invoice", "Invoice 4471: Priya Nair."),
        ("when did Dana write", "Dana Lee: Monday 09:12."),
        ("when was the offsite mail received", "Received for Offsite in Lisbon: Sunday 18:40."),
        (
            "what is the subject of the mail from Omar",
            "Subject for Omar Haddad: Offsite in Lisbon.",
        ),
        (
            "what did Priya send",
            "Priya Nair: Subject Invoice 4471, Received Friday 11:05, Size 96 KB.",
        ),
        ("which mail has the largest size", "The highest Size is Omar Haddad, 220 KB."),
        ("who is the budget from", "Budget approved: Dana Lee."),
        (
            "how big is the invoice",
            "Invoice 4471: From Priya Nair, Received Friday 11:05, Size 96 KB.",
        ),
        ("read the subjects", "Subject: Dana Lee Budget approved. Omar Haddad Offsite in Lisbon."),
    ],
)
def test_mail(question: str, said: str) -> None:
    """A row is found by any of its words, and told by who or when where that is asked."""
    assert told(MAIL, question).startswith(said)


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        (("which tasks are open",), "Login page. Slow search on phones."),
        (("how many tasks are open",), "2: Login page and Slow search on phones."),
        (("how many tasks are there",), "There are 4 tasks."),
        (("who owns the login page",), "Owner for Login page: Ada."),
        (("who is responsible for the slow search",), "Slow search on phones: Grace."),
        (("is the password reset blocked",), "Yes. Status for Password reset: Blocked."),
        (("is the login page done",), "No. Status for Login page: Open."),
        (("which task is blocked",), "Password reset."),
        (
            ("what is Grace working on",),
            "Grace: Task Slow search on phones, Due 14 May, Status Open.",
        ),
        (
            ("which tasks does Ada have", "when are they due"),
            "Due: Login page 12 May, Export to PDF 20 May.",
        ),
        (("what is due on 20 May",), "20 May: Task Export to PDF, Owner Ada, Status Done."),
        (("what is due on 20 May", "and who owns it"), "Owner for 20 May: Ada."),
        (("what is the weather",), f"I find no answer to that on your screen. {ABILITIES[0]}"),
    ],
)
def test_task_list(questions: tuple[str, ...], said: str) -> None:
    """Lists by the value of a cell, yes and no, and what "they" and "it" refer to."""
    assert told(TASKS, *questions) == said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("when is the standup", "Standup: 09:00."),
        ("what time is the design review", "Design review: 10:30."),
        ("what is at 10:30", "10:30: Design review, Room 2."),
        ("when is lunch", "Lunch with Omar: 12:00."),
        ("what is the interview", "Interview: 15:15, Room 4."),
        ("which ones are in room 4", "Room 4: 09:00, Standup. Room 4: 15:15, Interview."),
    ],
)
def test_agenda(question: str, said: str) -> None:
    """A table without headings is told by what stands in its cells."""
    assert told(AGENDA, question) == said


@pytest.mark.parametrize("shown", [BUDGET, PAPER, TERMINAL, SETTINGS, MAIL, TASKS, AGENDA])
def test_no_answer_ends_with_two_signs(shown: Screen) -> None:
    """Whatever is quoted, one full stop is enough."""
    for question in ("dana", "sleep", "file", "theme", "omar", "review", "read my screen", "title"):
        assert not told(shown, question).endswith(("..", ".:", "!.", "?."))
