"""Messages to people: sent to those whom config names, each by himself, and to nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import responses
from pydantic import SecretStr

from desk.chats import ChatMessage, Chats, receivers
from desk.http import LARGEST
from desk.places import Places
from tests.wire import Wire

HOOK = "https://chat.example.test/hook"
TEXT = ChatMessage("Текст")
chats = Chats(Places())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with responses.RequestsMock() as answers:
        answers.add(responses.POST, HOOK, status=status, headers={"Location": "https://elsewhere.example.test/"})
        [one] = receivers([SecretStr(HOOK.replace("https", "jsons"))])
        assert not chats.send(one, TEXT)
        assert [call.request.url for call in answers.calls] == [HOOK]


def test_a_receiver_gets_it_and_must_take_it() -> None:
    with responses.RequestsMock() as answers:
        answers.add(responses.POST, HOOK)
        answers.add(responses.POST, f"{HOOK}/two", status=500)
        urls = [SecretStr(url.replace("https", "jsons")) for url in (HOOK, f"{HOOK}/two")]
        assert [chats.send(one, TEXT) for one in receivers(urls)] == [True, False]


@pytest.mark.parametrize("told", [True, False])
def test_a_chats_answer_has_a_size(told: bool) -> None:
    def endless(_request: bytes) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        yield b"Content-Length: %d\r\n\r\n" % (LARGEST + 1) if told else b"Connection: close\r\n\r\n"
        for _ in range(LARGEST // 1_000_000 + 1):
            yield bytes(1_000_000)

    with Wire(endless) as wire:
        wire.hang_up = True
        [one] = receivers([SecretStr(f"json://127.0.0.1:{wire.port}/hook")])
        assert not chats.send(one, TEXT)


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("mmost://bot@chat.example.test/token/?channels=a,b", 2),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#a/#b/@c", 3),
        ("tgram://123456789:abcdefg_hijklmnop/11111/22222/", 2),
        ("mailto://bot:secret@example.test/?to=a@example.test,b@example.test&cc=c@example.test", 2),
        ("rocket://bot:secret@chat.example.test/#a/#b/@c", 3),
        ("matrix://bot:secret@chat.example.test/#a/#b", 2),
        ("json://chat.example.test/hook", 1),
    ],
    ids=lambda value: value.partition(":")[0] if isinstance(value, str) else "",
)
def test_an_address_that_names_several_is_several(address: str, number: int) -> None:
    found = receivers([SecretStr(address)])
    assert [len(one) for one in found] == [1] * number
    assert len({one.url() for one in found}) == number
    assert len(receivers([SecretStr(address), SecretStr(HOOK.replace("https", "jsons"))])) == number + 1
