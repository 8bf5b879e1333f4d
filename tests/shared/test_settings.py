"""Settings: names, origins, the access code rule, and secrets that never show."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.errors import ConfigurationError
from shared.settings import (
    LOCAL_ORIGINS,
    ServiceSettings,
    check_names,
    load,
    parse_origins,
    require_code_beyond_localhost,
    variable_names,
)


class ShopSettings(ServiceSettings):
    """Settings of a service that only this test knows."""

    model_config = SettingsConfigDict(env_prefix="SHOP_")

    port: int = 80
    secret_word: SecretStr = SecretStr("")


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("REDIS_URL", "LOG_LEVEL", "LOG_FORMAT"):
        monkeypatch.delenv(name, raising=False)


def _complaint(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        load(ShopSettings)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_values_come_from_the_environment_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.env` is read, the environment wins, and an empty value stands for the default."""
    (tmp_path / ".env").write_text("SHOP_PORT=81\nREDIS_URL=redis://file\nOTHER_TOOL=1\n")
    monkeypatch.setenv("SHOP_PORT", "82")
    monkeypatch.setenv("LOG_LEVEL", "")

    settings = load(ShopSettings)

    assert settings.port == 82
    assert settings.redis_url.get_secret_value() == "redis://file"
    assert settings.log_level == "INFO"


def test_an_unknown_name_in_the_environment_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing error in a name ends the process before it starts, with a hint."""
    monkeypatch.setenv("SHOP_PROT", "81")

    assert (
        _complaint(capsys)
        == "Cannot start: There is no setting SHOP_PROT. Did you mean SHOP_PORT?\n"
    )


def test_an_unknown_name_in_the_file_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`.env` is held to the same names."""
    (tmp_path / ".env").write_text("SHOP_SECRET=hush\n")

    complaint = _complaint(capsys)

    assert "There is no setting SHOP_SECRET. Did you mean SHOP_SECRET_WORD?" in complaint
    assert "hush" not in complaint


def test_names_of_other_services_are_nobodys_business() -> None:
    """Only names with the service's own prefix are looked at."""
    check_names(ShopSettings, ["SHOP_PORT", "GATEWAY_NONSENSE", "PATH", "shop_port"])


def test_a_wrong_value_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the variable as the operator wrote it; the value may be a secret."""
    monkeypatch.setenv("SHOP_PORT", "hunter2")
    monkeypatch.setenv("LOG_LEVEL", "LOUD-hunter2")

    complaint = _complaint(capsys)

    assert "SHOP_PORT:" in complaint
    assert "LOG_LEVEL:" in complaint
    assert "hunter2" not in complaint


def test_secrets_do_not_show_in_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing the settings shows neither the address of Redis nor a code."""
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host")
    monkeypatch.setenv("SHOP_SECRET_WORD", "hunter2")

    assert "hunter2" not in repr(load(ShopSettings))


def test_settings_cannot_be_changed() -> None:
    """Once read they are frozen."""
    settings = load(ShopSettings)

    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]  # what the type checker says is meant here


def test_every_name_is_listed() -> None:
    """Aliases and prefixed names are told as the environment has them."""
    assert variable_names(ShopSettings) == [
        *("REDIS_URL", "LOG_LEVEL", "LOG_FORMAT", "SHOP_PORT", "SHOP_SECRET_WORD")
    ]


def test_origins_are_split_and_trimmed() -> None:
    """A list of origins is a set, without blanks."""
    origins = parse_origins(" http://localhost:8000 ,https://help.example, ,http://[::1]:8000")

    assert origins == {"http://localhost:8000", "https://help.example", "http://[::1]:8000"}
    assert len(parse_origins(LOCAL_ORIGINS)) == 4


@pytest.mark.parametrize(
    "text",
    [
        *("*", "null", "localhost:8000", "//host", "ftp://host", "https://", "https://host/"),
        *("https://host/page", "https://host?x", "https://host#x", "https://user@host"),
        *("https://Host", "HTTPS://host", "https://host:", "https://host:port", "https://[::1"),
        *("https://*.host", "https://*", "https://host http://other"),
    ],
)
def test_what_no_browser_sends_is_no_origin(text: str) -> None:
    """An entry that can never match, or could match too much, is refused at the start."""
    with pytest.raises(ConfigurationError, match="is not an origin"):
        parse_origins(text)


@pytest.mark.parametrize("text", [LOCAL_ORIGINS, "http://[::1]:8000", "https://localhost"])
def test_this_machine_needs_no_code(text: str) -> None:
    """Pages from this machine may connect without an access code."""
    require_code_beyond_localhost(parse_origins(text), SecretStr(""))


@pytest.mark.parametrize("origin", ["https://help.example", "http://localhost.evil.example:8000"])
def test_other_hosts_need_a_code(origin: str) -> None:
    """Another host among the origins is refused without a code, and accepted with one."""
    origins = parse_origins(f"http://localhost:8000,{origin}")

    with pytest.raises(ConfigurationError, match="Set ACCESS_CODE"):
        require_code_beyond_localhost(origins, SecretStr(""))

    require_code_beyond_localhost(origins, SecretStr("sesame"))
