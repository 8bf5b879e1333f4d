"""Questions about tables: a spreadsheet, mail, tasks, an agenda."""

from __future__ import annotations

import pytest

from local_live.answering import ABILITIES
from tests.local_live.screens import AGENDA, BUDGET, MAIL, TASKS, told

BIGGEST = "The highest Planned is Hotels, 2,300; the highest Spent is Hotels, 1,975."


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
        (("what is the total", "who approved it", "and when?"), "Approved by Dana on 12 October."),
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
