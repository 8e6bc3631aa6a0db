"""Who may send: Jira's HMAC and the Standard Webhooks rules, rotation, and everything that must not pass."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from standardwebhooks import Webhook

from receivers.signatures import (
    NoSecretError,
    check_hub_secrets,
    check_standard_secrets,
    verify_hub,
    verify_standard,
)

# The example of https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks
SECRET = SecretStr("It's a Secret to Everybody")
BODY = b"Hello World!"
MAC = "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
OTHER = SecretStr("another")
KEY = SecretStr("whsec_b2xkLXdlYmNybS1zZWNyZXQtMDAwMDAwMDAwMDA=")
NEW_KEY = SecretStr("whsec_bmV3LXdlYmNybS1zZWNyZXQtMDAwMDAwMDAwMDA=")


@pytest.mark.parametrize("secrets", [(SECRET,), (OTHER, SECRET), (SECRET, OTHER)])
def test_jiras_own_example_passes_with_any_of_the_secrets(secrets: tuple[SecretStr, ...]) -> None:
    assert verify_hub(BODY, f"sha256={MAC}", secrets)
    assert verify_hub(BODY, f"sha256={MAC.upper()}", secrets)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        MAC,
        f"sha1={MAC}",
        f"sha512={MAC}",
        f"SHA256={MAC}",
        "sha256=",
        f"sha256={MAC[:-1]}",
        f"sha256={MAC}0",
        f"sha256={MAC[:-1]}0",
        f"sha256={MAC}\n",
        "sha256=" + "é" * 64,
    ],
)
def test_any_other_header_is_refused(header: str | None) -> None:
    assert not verify_hub(BODY, header, (SECRET,))


def test_one_changed_byte_is_refused() -> None:
    assert not verify_hub(b"Hello World?", f"sha256={MAC}", (SECRET,))


def test_an_empty_secret_proves_nothing() -> None:
    mac_of_the_empty_key = hmac.digest(b"", BODY, "sha256").hex()
    assert not verify_hub(BODY, f"sha256={mac_of_the_empty_key}", (SecretStr(""),))
    assert not verify_hub(BODY, f"sha256={MAC}", ())


def _standard(
    *, secret: SecretStr = KEY, age: timedelta = timedelta(), body: bytes = BODY, id_: str = "msg_1"
) -> dict[str, str]:
    sent = datetime.now(UTC) - age
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(sent.timestamp())),
        "webhook-signature": Webhook(secret.get_secret_value()).sign(id_, sent, body.decode()),
    }


@pytest.mark.parametrize("secrets", [(KEY,), (NEW_KEY, KEY), (KEY, NEW_KEY)])
def test_a_standard_signature_passes_with_any_of_the_secrets(secrets: tuple[SecretStr, ...]) -> None:
    assert verify_standard(BODY, _standard(), secrets)
    assert verify_standard(BODY, {name.upper(): value for name, value in _standard().items()}, secrets)


@pytest.mark.parametrize(
    ("age", "valid"),
    [
        (timedelta(minutes=4, seconds=50), True),
        (timedelta(minutes=5, seconds=10), False),
        (timedelta(minutes=-4, seconds=-50), True),
        (timedelta(minutes=-5, seconds=-10), False),
    ],
)
def test_the_timestamp_may_be_five_minutes_off(age: timedelta, valid: bool) -> None:
    assert verify_standard(BODY, _standard(age=age), (KEY,)) is valid


@pytest.mark.parametrize("others", ["v1,!!! {}", "v1a,AAAA {}", "{} v2,whatever", "garbage {} ,", "v1, {}"])
def test_one_of_several_signatures_is_enough(others: str) -> None:
    headers = _standard()
    headers["webhook-signature"] = others.format(headers["webhook-signature"])
    assert verify_standard(BODY, headers, (KEY,))


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_refused(missing: str) -> None:
    headers = _standard()
    del headers[missing]
    assert not verify_standard(BODY, headers, (KEY,))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", "v1," + "A" * 43 + "="),
        ("webhook-signature", "v2,x"),
    ],
)
def test_a_changed_header_is_refused(name: str, value: str) -> None:
    assert not verify_standard(BODY, _standard() | {name: value}, (KEY,))


def test_other_bodies_and_keys_are_refused() -> None:
    assert not verify_standard(b"Hello World?", _standard(), (KEY,))
    assert not verify_standard(b"\xff", _standard(), (KEY,))
    assert not verify_standard(BODY, _standard(), (NEW_KEY,))
    assert not verify_standard(BODY, _standard(), ())
    assert not verify_standard(BODY, _standard(), (SecretStr(""), SecretStr("whsec_"), SecretStr("whsec_no base64")))


@pytest.mark.parametrize("secrets", [(), (SecretStr(""),), (SECRET, SecretStr(" "))])
def test_no_secret_or_an_empty_one_is_told_by_its_variable(secrets: tuple[SecretStr, ...]) -> None:
    with pytest.raises(NoSecretError) as error:
        check_hub_secrets(secrets, "JIRA_WEBHOOK_SECRETS")
    assert str(error.value) == (
        "JIRA_WEBHOOK_SECRETS: no secret is set, or one is empty; "
        "set the secret of the webhook (several, comma-separated, while it is being replaced)"
    )


@pytest.mark.parametrize("secrets", [(), (SecretStr("whsec_"),), (KEY, SecretStr("whsec_что это"))])
def test_a_standard_secret_must_be_base64(secrets: tuple[SecretStr, ...]) -> None:
    with pytest.raises(NoSecretError, match=r"^WEBCRM_WEBHOOK_SECRETS: no secret is set, or one is not whsec_"):
        check_standard_secrets(secrets, "WEBCRM_WEBHOOK_SECRETS")


def test_good_secrets_are_no_error() -> None:
    check_hub_secrets((SECRET, OTHER), "JIRA_WEBHOOK_SECRETS")
    check_standard_secrets((KEY, NEW_KEY), "WEBCRM_WEBHOOK_SECRETS")
