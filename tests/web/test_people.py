"""«Люди и доступ»: users and tokens on a page, with the checks of the command line."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from store import users
from store.audit import Actor
from store.database import connect
from tests.web.site import Site
from tests.web.test_access import sign_in
from web.access import people
from web.access.granting import Granting, NotGrantedError

ANNA = "anna@example.com"
GOOD, BETTER = "pony-cactus-7-evening", "copper-nail-9-morning"


def sent(site: Site, button: str, **form: str) -> TestResponse:
    """Press a button of the page as the admin; the page that follows."""
    data = {"csrf_token": site.token()} | form
    answer = site.browser("admin").post(f"/people/{button}", data=data, follow_redirects=True)
    assert answer.status_code == 200
    return answer


def press(site: Site, button: str, **form: str) -> str:
    """The same; what the page says then."""
    answer = sent(site, button, **form)
    told = re.search(r'<p class="(?:told|bad)[^"]*" role="(?:status|alert)">(.+?)</p>', answer.text)
    return told[1] if told else ""


def row(site: Site, email: str) -> str:
    """The row of a user, without markup."""
    rows = re.findall(r"<tr>.*?</tr>", site.text("/people"), re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", next(one for one in rows if f"<td>{email}" in one)).split())


def test_somebody_is_added_and_comes_in_with_the_role(any_site: Site) -> None:
    site = any_site
    assert press(site, "add", email="Anna@Example.com", role="lead", password=GOOD).startswith("Заведён.")
    assert "руководитель не видно" in row(site, ANNA)
    _, answer = sign_in(site, ANNA, GOOD)
    assert answer.location == "/board"
    assert "не видно" not in row(site, ANNA)
    (change,) = site.changes("user_added")
    assert (change.who, change.door, change.target, change.after) == ("admin@example.test", "password", ANNA, "lead")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"email": "anna"}, "Это не адрес почты"),
        ({"role": "king"}, "Выберите роль"),
        ({"password": "pony-2"}, "короче 10"),
        ({"password": "x" * 255}, "длиннее 254"),
        ({"password": "password123"}, "легко подобрать"),
        ({"password": "anna@example.com"}, "легко подобрать"),
        ({"password": "pony-\x07cactus-7-evening"}, "не прочитать"),
        ({"email": "lead@example.test"}, "уже есть"),
    ],
)
def test_what_the_command_line_refuses_is_refused_here(site: Site, form: dict[str, str], said: str) -> None:
    given = {"email": ANNA, "role": "lead", "password": GOOD} | form
    answer = sent(site, "add", **given)
    assert said in answer.text
    assert f'value="{given["email"]}"' in answer.text  # nothing has to be typed again but the password
    assert given["password"] not in answer.text.replace(ANNA, "")
    assert site.changes("user_added") == []


def test_another_role_ends_what_was_begun_with_the_old_one(any_site: Site) -> None:
    site = any_site
    browser, _ = sign_in(site, "lead@example.test")
    assert press(site, "role", email="lead@example.test", role="agent").startswith("Роль изменена.")
    assert browser.get("/board").status_code == 303
    assert sign_in(site, "lead@example.test")[1].location == "/mine"
    (change,) = site.changes("role_set")
    assert (change.target, change.before, change.after) == ("lead@example.test", "lead", "agent")
    assert "сотрудник" in site.text("/changes?what=role_set")
    assert press(site, "role", email="lead@example.test", role="agent") == "Так уже и было."
    assert press(site, "role", email="lead@example.test", role="king") == "Выберите роль."
    assert len(site.changes("role_set")) == 1


def test_who_is_blocked_is_out_at_once_and_stays_out(any_site: Site) -> None:
    site = any_site
    browser, _ = sign_in(site, "lead@example.test")
    assert press(site, "block", email="lead@example.test").startswith("Вход закрыт")
    assert browser.get("/board").status_code == 303
    assert sign_in(site, "lead@example.test")[1].status_code == 401
    assert "вход закрыт" in row(site, "lead@example.test")
    assert press(site, "unblock", email="lead@example.test") == "Вход снова открыт."
    assert sign_in(site, "lead@example.test")[1].status_code == 303
    assert [len(site.changes(what)) for what in ("user_blocked", "user_unblocked")] == [1, 1]
    assert press(site, "unblock", email="lead@example.test") == "Так уже и было."


def test_a_session_that_outlived_the_block_is_worth_nothing(site: Site) -> None:
    press(site, "block", email="lead@example.test")
    browser = site.app.test_client()
    site.signed_in(browser, "lead@example.test", "lead")
    assert browser.get("/board").status_code == 303


def test_another_password_ends_the_sessions(site: Site) -> None:
    press(site, "add", email=ANNA, role="agent", password=GOOD)
    browser, _ = sign_in(site, ANNA, GOOD)
    assert "легко подобрать" in press(site, "password", email=ANNA, password="qwertyuiop")
    assert browser.get("/mine").status_code == 200
    assert press(site, "password", email=ANNA, password=BETTER).startswith("Пароль сменён.")
    assert browser.get("/mine").status_code == 303
    assert sign_in(site, ANNA, GOOD)[1].status_code == 401
    assert sign_in(site, ANNA, BETTER)[1].status_code == 303
    (change,) = site.changes("password_set")
    assert (change.who, change.target) == ("admin@example.test", ANNA)


@pytest.mark.parametrize("button", ["role", "block", "unblock", "password"])
def test_ones_own_rights_are_not_ones_own_to_change(site: Site, button: str) -> None:
    told = press(site, button, email="Admin@example.test", role="agent", password=GOOD)
    assert told.startswith("Свои права и вход здесь не меняют.")
    assert site.get("/state").status_code == 200
    assert press(site, button, email="nobody@example.test", role="agent", password=GOOD).startswith("Такого")


@pytest.mark.parametrize(("button", "form"), [("role", {"role": "lead"}), ("block", {})])
def test_the_last_admin_stays(any_site: Site, button: str, form: dict[str, str]) -> None:
    """For whoever acts without a password: he came in through the company, or stands at the server."""
    site, change = any_site, "set_role" if button == "role" else button
    asked = ("admin@example.test", *form.values())
    with pytest.raises(NotGrantedError, match="last_admin"):
        getattr(Granting(site.engine, people.operator(), sandbox=True), change)(*asked)
    assert sign_in(site)[1].location == "/state"
    assert [site.changes(what) for what in ("role_set", "user_blocked")] == [[], []]
    people.add_user(site.engine, ANNA, "admin", GOOD, people.operator())
    assert getattr(Granting(site.engine, people.operator(), sandbox=True), change)(*asked)


def test_a_sandboxs_admin_is_none_on_a_server(site: Site) -> None:
    people.add_user(site.engine, ANNA, "admin", GOOD, people.operator())
    with pytest.raises(NotGrantedError, match="last_admin"):
        Granting(site.engine, people.operator(), sandbox=False).block(ANNA)


def test_two_admins_do_not_remove_each_other(database_url: str, any_site: Site) -> None:
    """At once, each from a process of its own: one of them stays."""
    people.add_user(any_site.engine, ANNA, "admin", GOOD, people.operator())
    both, start = (ANNA, "admin@example.test"), threading.Barrier(2)

    def remove(index: int) -> str:
        engine = connect(database_url)
        start.wait()
        try:
            Granting(engine, Actor(both[1 - index], "password"), sandbox=True).set_role(both[index], "lead")
        except NotGrantedError as refused:
            return refused.reason
        finally:
            engine.dispose()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, range(2))) == ["done", "last_admin"]
    with any_site.engine.begin() as connection:
        assert len(users.admins(connection, sandbox=True)) == 1


def test_a_token_is_shown_once_and_opens_the_api_until_it_is_revoked(any_site: Site) -> None:
    site = any_site
    answer = sent(site, "tokens", name="crm-production", role="lead")
    (secret,) = re.findall(r"<pre tabindex=\"0\">([^<]+)</pre>", answer.text)
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret not in site.text("/people")
    assert "ещё нет" in row(site, "crm-production")
    assert site.api("/deliveries", secret).status_code == 200
    assert "ещё нет" not in row(site, "crm-production")
    assert press(site, "tokens/revoke", name="crm-production").startswith("Токен отозван")
    assert site.api("/deliveries", secret).status_code == 401
    assert "отозван" in row(site, "crm-production")
    assert press(site, "tokens/revoke", name="crm-production").startswith("Действующего токена")
    assert [(one.what, one.target) for one in site.changes("token_added") + site.changes("token_revoked")] == [
        ("token_added", "crm-production"),
        ("token_revoked", "crm-production"),
    ]


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "два слова", "role": "lead"}, "В имени токена бывают"),
        ({"name": "crm", "role": "king"}, "Выберите роль"),
        ({"name": "known", "role": "lead"}, "уже есть или был"),
    ],
)
def test_a_token_that_cannot_be_made(site: Site, form: dict[str, str], said: str) -> None:
    people.add_token(site.engine, "known", "agent", people.operator())
    answer = sent(site, "tokens", **form)
    assert said in answer.text
    assert f'value="{form["name"]}"' in answer.text
    assert len(site.changes("token_added")) == 1


def test_the_history_stands_below(site: Site) -> None:
    press(site, "add", email=ANNA, role="agent", password=GOOD)
    press(site, "role", email=ANNA, role="lead")
    site.get("/changes")
    history = site.text("/people").partition("Кто что менял")[2]
    assert "роль изменена" in history
    assert re.search(r"пользователь заведён.*?<td>\s*сотрудник", history, re.DOTALL)
    assert "это вы, только в песочнице" in row(site, "admin@example.test")
    assert "вход<" not in history


@pytest.mark.parametrize("button", ["add", "role", "block", "unblock", "password", "tokens", "tokens/revoke"])
def test_no_button_without_the_forms_token(site: Site, button: str) -> None:
    form = {"email": "lead@example.test", "role": "agent", "password": GOOD, "name": "crm"}
    assert site.browser("admin").post(f"/people/{button}", data=form).status_code == 400
    form["csrf_token"] = site.token()
    assert site.browser("lead").post(f"/people/{button}", data=form).status_code == 403


@pytest.mark.parametrize(
    ("button", "form", "what"), [("role", {"role": "agent"}, "role_set"), ("block", {}, "user_blocked")]
)
def test_a_change_is_taken_back_until_there_is_another(
    any_site: Site, button: str, form: dict[str, str], what: str
) -> None:
    site, lead = any_site, "lead@example.test"
    press(site, button, email=lead, **form)
    (change,) = site.changes(what)
    undo = f"/changes/{change.id}/undo"
    assert undo in site.text("/people")
    assert site.post(undo).location == "/changes?told=user_undone"
    assert sign_in(site, lead)[1].location == "/board"
    (*_, back) = site.changes("role_set") + site.changes("user_unblocked")
    assert (back.target, back.reason) == (lead, "undo")
    assert undo not in site.text("/people")
    assert site.post(undo).location == "/changes?told=user_not_undone"
    assert site.post(f"/changes/{back.id}/undo").location == "/changes?told=user_undone"
    assert sign_in(site, lead)[1].location != "/board"


def test_what_was_done_to_oneself_is_for_others_to_take_back(site: Site) -> None:
    people.add_user(site.engine, ANNA, "admin", GOOD, people.operator())
    by = Actor(ANNA, "password")
    assert Granting(site.engine, by, sandbox=True).set_role("lead@example.test", "admin")
    assert Granting(site.engine, by, sandbox=True).set_role("admin@example.test", "lead")
    (_, mine) = site.changes("role_set")
    site.signed_in(site.browser("lead"), "lead@example.test", "admin")
    assert f"/changes/{mine.id}/undo" in site.get("/people", "lead").text
    assert Granting(site.engine, by, sandbox=True).take_back(mine)
    (*_, back) = site.changes("role_set")
    site.signed_in(site.browser("admin"), "admin@example.test", "admin")
    assert f"/changes/{back.id}/undo" not in site.text("/people")
    assert site.post(f"/changes/{back.id}/undo").location == "/changes?told=user_not_undone"
