"""Messages to people: sent to the address that config names, and nowhere else."""

from __future__ import annotations

import pytest
import responses
from pydantic import SecretStr

from desk.chats import Chats
from desk.places import Places

HOOK = "https://chat.example.test/hook"
chats = Chats(Places())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with responses.RequestsMock() as answers:
        answers.add(responses.POST, HOOK, status=status, headers={"Location": "https://elsewhere.example.test/"})
        assert not chats.send([SecretStr(HOOK.replace("https", "jsons"))], "Текст")
        assert [call.request.url for call in answers.calls] == [HOOK]


def test_every_address_gets_it_and_all_must_take_it() -> None:
    with responses.RequestsMock() as answers:
        answers.add(responses.POST, HOOK)
        answers.add(responses.POST, f"{HOOK}/two", status=500)
        urls = [SecretStr(url.replace("https", "jsons")) for url in (HOOK, f"{HOOK}/two")]
        assert not chats.send(urls, "Текст")
        assert chats.send(urls[:1], "Текст")
