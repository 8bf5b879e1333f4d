"""Answers about what stands on a screen."""

from __future__ import annotations

import pytest

from local_live.answering import (
    ABILITIES,
    HOW_TO_SHARE,
    INTRODUCTION,
    NOTHING_READABLE,
    answer,
    needs_screen,
)
from local_live.asking import GO_ON, PART_WORDS
from local_live.history import Memory, Turn
from local_live.layout import arrange
from tests.local_live.samples import screen

REPORT = screen(
    "# Quarterly report 2041",
    "",
    "",
    "Revenue is up twelve percent, which is",
    "more than we expected.",
    "",
    "",
    "Item|Qty|Price",
    "Apples|3|$1.20",
    "Bananas|12|$0.80",
    "Total|15|$13.20",
    "",
    "",
    "Status: running",
    "Error: disk full on node 7",
    "Save|Cancel",
)
LONG = screen(*(f"Line {number} says something of eight words." for number in range(40)))


def ask(question: str, memory: Memory | None = None) -> str:
    return " ".join(answer(question, REPORT, memory or Memory()).sentences)


@pytest.mark.parametrize(
    "question",
    [
        "What does my screen say?",
        "what does my scream say",
        "what is on my screen",
        "What's on the screen?",
        "Read it.",
        "read my screen to me please",
        "Read everything out loud",
        "what do you see",
        "Okay, read it.",
    ],
)
def test_whole_screen_is_read(question: str) -> None:
    """However it is asked, and though "screen" was misheard."""
    said = ask(question)

    assert said.startswith("Your screen says: Quarterly report 2041.")
    assert "Revenue is up twelve percent, which is more than we expected." in said
    assert "Apples, 3, $1.20." in said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("read the second paragraph", "Revenue is up twelve percent, which is more than we"),
        ("Read line 4.", "Item, Qty, Price."),
        ("read the 5th line", "Apples, 3, $1.20."),
        ("What does the third line say?", "more than we expected."),
        ("read line number three", "more than we expected."),
        ("read row number three", "Total: Qty 15, Price $13.20."),
        ("What does the second row say?", "Bananas: Qty 12, Price $0.80."),
        ("the last line", "Save, Cancel."),
        ("read the last two lines", "Error: disk full on node 7. Save, Cancel."),
        ("read the first line", "Quarterly report 2041."),
        ("read line 99", "There are only 10 lines."),
        ("What's the title?", "The title is: Quarterly report 2041."),
    ],
)
def test_parts_are_read(question: str, said: str) -> None:
    """Lines, rows and paragraphs by number or from either end."""
    assert ask(question).startswith(said)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is the total?", "Total: Qty 15, Price $13.20."),
        ("How much is the total?", "Total: $13.20."),
        ("how much are the bananas", "Bananas: $0.80."),
        ("how much do the apples cost", "Price for Apples: $1.20."),
        ("what is the price of apples", "Price for Apples: $1.20."),
        ("price for bananas", "Price for Bananas: $0.80."),
        ("what's the quantity of bananas?", "Qty for Bananas: 12."),
        ("What is the status?", "Status: running."),
        ("status", "Status: running."),
        ("how many bananas are there", "Bananas: 12."),
    ],
)
def test_values_stand_beside_their_labels(question: str, said: str) -> None:
    """After a colon, in the same row, or where a row and a column cross."""
    assert ask(question) == said


def test_value_below_its_label() -> None:
    """Dashboards put the number under its name."""
    board = screen("Active users|Errors today", "1,204|3")

    assert answer("what is active users", board, Memory()).sentences == ("Active users: 1,204.",)


def test_number_before_its_word() -> None:
    """Programs write how many, and then of what."""
    ran = screen("$ pytest -q", "1 failed, 15 passed in 2.31s")

    said = [answer(f"how many tests {what}", ran, Memory()) for what in ("passed", "failed")]

    assert [one.sentences for one in said] == [("15 passed.",), ("1 failed.",)]


def test_total_is_not_the_subtotal() -> None:
    """A label asked for is preferred to a longer one that only resembles it."""
    bill = screen("Subtotal|$40.00", "Total tax|$3.20", "Total|$43.20")

    assert answer("what is the total", bill, Memory()).sentences == ("Total: $43.20.",)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Where is the save button?", '"Save" is on the left.'),
        ("where is the quarterly report", '"Quarterly report 2041" is at the top left.'),
        ("where's the delete button", "I can't find delete button on your screen."),
        ("What does it say about revenue?", "It says: Revenue is up twelve percent, which is more"),
        ("is there anything about apples", "It says: Apples, 3, $1.20."),
        ("does it mention oranges", "I can't find anything about oranges on your screen."),
        ("how many lines are there", "There are 10 lines."),
        ("how many times does the word apples appear", '"apples" appears once on your screen.'),
        ("how many errors are there", "There is 1 error."),
        ("Is there an error?", "Yes: Error: disk full on node 7."),
        ("did anything go wrong", "Yes: Error: disk full on node 7."),
        ("which numbers are there", "The numbers are: 2041. 3. $1.20. 12."),
        ("summarize this page", "It is headed: Quarterly report 2041. There are 10 lines of text."),
        ("what am I looking at", "It is headed: Quarterly report 2041."),
        ("can you see my screen", "Yes, I see your screen, with 10 lines of text."),
        ("why is the disk so full", "The closest I find is: Error: disk full on node 7."),
    ],
)
def test_things_are_found_and_counted(question: str, said: str) -> None:
    """Places, sentences, counts, errors, numbers, a summary; the closest line as a last resort."""
    assert ask(question).startswith(said)


def test_no_errors_is_no_error() -> None:
    """A line that says there are none is good news."""
    good = screen("Build finished", "0 errors, 0 warnings")

    assert answer("is there an error", good, Memory()).sentences == (
        "I see no error on your screen.",
    )


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Hello!", "Hello."),
        ("thank you very much", "You're welcome."),
        ("Stop.", "Okay."),
        ("okay stop please", "Okay."),
        ("that's enough", "Okay."),
        ("no thanks", "All right."),
        ("who are you", INTRODUCTION),
        ("Are you Gemini?", INTRODUCTION),
        ("what can you do", ABILITIES[0]),
        ("go on", "There is nothing more to read."),
        ("say that again", "I have not said anything yet."),
    ],
)
def test_small_talk_needs_no_screen(question: str, said: str) -> None:
    """Whether a screen is shared or not, and without waiting for it to be read."""
    assert not needs_screen(question)
    assert answer(question, None, Memory()).sentences[0] == said
    assert answer(question, REPORT, Memory()).sentences[0] == said


def test_honest_where_it_knows_nothing() -> None:
    """A question that the screen does not answer is not answered by guessing."""
    said = ask("what is the capital of France")

    assert said.startswith("I find no answer to that on your screen.")
    assert "France" not in said


def test_without_a_screen_it_says_how_to_share() -> None:
    """No picture is not the same as an empty one."""
    empty = arrange([], 1280, 720)

    assert answer("what does my screen say", None, Memory()).sentences == HOW_TO_SHARE
    assert answer("what does my screen say", empty, Memory()).sentences == (NOTHING_READABLE,)


def test_long_screen_is_read_in_parts() -> None:
    """Half a minute at a time; "go on" reads each sentence once, in order, to the end."""
    read: list[str] = []
    reply = answer("read my screen", LONG, Memory())
    parts = 1
    while reply.sentences[-1] == GO_ON:
        read += reply.sentences[:-1]
        reply = answer("go on", LONG, reply.memory)
        parts += 1
    read += reply.sentences

    assert read[0].removeprefix("Your screen says: ") == "Line 0 says something of eight words."
    assert [text[-31:] for text in read] == [read[0][-31:]] * 40
    assert len(set(read)) == 40
    assert parts == -(-40 * 7 // PART_WORDS)


def test_yes_goes_on_only_after_the_offer() -> None:
    """The same word means nothing when nothing was offered."""
    offered = answer("read my screen", LONG, Memory()).memory

    assert answer("yes please", LONG, offered).sentences[0].startswith("Line 10 ")
    assert answer("yes please", LONG, Memory()).sentences == ("All right.",)


def test_last_answer_can_be_repeated() -> None:
    """Word for word, and more than once."""
    first = answer("what is the total", REPORT, Memory())
    again = answer("say that again", REPORT, first.memory)

    assert again.sentences == first.sentences
    assert answer("pardon", REPORT, again.memory).sentences == first.sentences


def test_what_was_said_before_is_remembered() -> None:
    """From the turns of the conversation, which outlive a connection."""
    turns = [
        Turn("user", "what is the total"),
        Turn("model", "Total: 15."),
        Turn("user", "thank you"),
        Turn("model", "You're welcome."),
    ]

    said = [
        answer(question, None, Memory(), turns).sentences[0]
        for question in ("what did I ask first", "what did I just say", "what have you said")
    ]

    assert said == [
        "You said: what is the total",
        "You said: thank you",
        "I said: You're welcome.",
    ]


def test_short_answers_are_given_where_they_are_wanted() -> None:
    """The system instruction's "one sentence" holds; the rest comes with "go on"."""
    brief = answer("read my screen", REPORT, Memory(), instruction="Answer in one sentence.")

    assert len(brief.sentences) == 1
    assert answer("go on", REPORT, brief.memory).sentences[0].startswith("Revenue is up")


def test_reading_can_be_taken_up_again_after_other_talk() -> None:
    """Only "no" gives up what was still to be read."""
    offered = answer("read my screen", LONG, Memory()).memory
    after_stop = answer("stop, stop it", LONG, offered).memory
    after_no = answer("no thanks", LONG, offered).memory

    assert answer("go on", LONG, after_stop).sentences[0].startswith("Line 10 ")
    assert answer("go on", LONG, after_no).sentences == ("There is nothing more to read.",)
