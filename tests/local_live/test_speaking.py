"""Speech cut into pieces, brought to another rate, and made by other programs."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import numpy as np
import pytest

from local_live import speaking
from local_live.errors import ModelUnavailable


def test_pieces_are_the_whole_sound_and_the_whole_text() -> None:
    """Nothing is lost or doubled, and words are never cut."""
    pcm16 = bytes(range(256)) * 90
    text = " The total is thirteen dollars, twenty."

    pieces = list(speaking.pieces(pcm16, text))

    assert b"".join(piece.pcm16 for piece in pieces) == pcm16
    assert "".join(piece.text for piece in pieces) == text
    assert {len(piece.pcm16) for piece in pieces[:-1]} == {speaking.CHUNK_BYTES}
    assert all(piece.text == "" or piece.text[0] == " " for piece in pieces)
    assert pieces[0].text == " The total"


def test_text_without_sound_is_one_piece() -> None:
    """Where there is no voice, the transcript still comes."""
    (piece,) = speaking.pieces(b"", "Hello there.")

    assert (piece.pcm16, piece.text) == (b"", "Hello there.")


def test_long_sentences_are_cut_where_one_takes_breath() -> None:
    """The first clause is short, so that its sound is early; joined they are the sentence."""
    sentence = (
        "Your screen says: Revenue is up twelve percent, which is a little more than any of us had"
        " expected, and costs are down."
    )

    clauses = speaking.clauses(sentence)

    assert " ".join(clauses) == sentence
    assert len(clauses) > 1
    assert len(clauses[0].split()) <= speaking.LONG_CLAUSE_WORDS
    assert speaking.clauses("It is short, and stays whole.") == ["It is short, and stays whole."]


def test_other_rates_are_brought_to_24_khz() -> None:
    """A 440 Hz tone at 22 050 Hz is the same tone at 24 000 Hz, but for its very ends."""
    given = np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050) * 8_000
    wanted = np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000) * 8_000

    resampled = np.frombuffer(speaking.to_24k(given.astype("<i2").tobytes(), 22_050), "<i2")

    assert len(resampled) == 24_000
    assert np.abs(resampled - wanted)[500:-500].max() < 20


def test_loud_ends_are_clipped_and_do_not_turn_over() -> None:
    """A square wave at full level overshoots when resampled; it must not wrap around."""
    square = np.repeat([32_767, -32_768] * 20, 50).astype("<i2")

    resampled = np.frombuffer(speaking.to_24k(square.tobytes(), 22_050), "<i2")

    assert resampled[5:45].min() > 20_000


def _fake_piper(folder: Path, body: str) -> Path:
    """Put a module `piper` before the real one, so that its command line can be imitated."""
    package = folder / "piper"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(body)
    return folder


_SPEAKS = """
import sys, wave, pathlib
folder = pathlib.Path(sys.argv[sys.argv.index("--output-dir") + 1])
for number, line in enumerate(sys.stdin):
    print("a warning of no interest", file=sys.stderr)
    path = folder / f"{number}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1); sound.setsampwidth(2); sound.setframerate(24000)
        sound.writeframes(line.strip().encode("utf-16-le"))
    print(f"INFO:__main__:Wrote {path}", file=sys.stderr, flush=True)
"""


def test_piper_is_spoken_to_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text gives its own sound, line breaks do no harm, and no file is left behind."""
    monkeypatch.setenv("PYTHONPATH", str(_fake_piper(tmp_path, _SPEAKS)))
    voice = speaking.Piper(Path("voice.onnx"))

    spoken = [voice.speak(text).decode("utf-16-le") for text in ("One\ntwo.", "Three.")]
    left = list(Path(voice.folder).iterdir())
    voice.close()

    assert spoken == ["One two.", "Three."]
    assert left == []
    assert not Path(voice.folder).exists()


def test_piper_that_ends_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A voice that cannot start says why."""
    body = "import sys; sys.exit('Unable to find voice')"
    monkeypatch.setenv("PYTHONPATH", str(_fake_piper(tmp_path, body)))
    voice = speaking.Piper(Path("voice.onnx"))

    with pytest.raises(ModelUnavailable, match="voice"):
        voice.speak("Hello.")
    voice.close()


def test_nothing_to_pronounce_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Punctuation alone makes Piper fail; it is silence."""
    monkeypatch.setenv("PYTHONPATH", str(_fake_piper(tmp_path, "raise SystemExit(1)")))
    voice = speaking.Piper(Path("voice.onnx"))

    assert voice.speak("... ---") == b""
    voice.close()


def test_espeak_reads_from_its_input(tmp_path: Path) -> None:
    """The text never stands on a command line, and the rate is taken from the header."""
    program = tmp_path / "espeak"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "head = bytes(24) + (24000).to_bytes(4, 'little') + bytes(16)\n"
        "sys.stdout.buffer.write(head + sys.stdin.read().encode('utf-16-le'))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)

    assert speaking.Espeak(str(program)).speak("--help").decode("utf-16-le") == "--help"


@pytest.mark.parametrize(
    ("setting", "name"),
    [("none", "none"), ("espeak-ng", "espeak-ng"), ("voices/amy.onnx", "piper amy.onnx")],
)
def test_voice_is_chosen_by_setting(
    setting: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is a Piper voice; the other names are what they say."""
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/espeak-ng")

    assert speaking.voice_loader(setting)[0] == name


def test_without_any_voice_there_is_the_transcript(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Piper nor espeak-ng: no error, only silence."""
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(speaking, "_packaged_voice", lambda: None)

    name, load = speaking.voice_loader("")

    assert name == "none"
    assert load().speak("Hello.") == b""
