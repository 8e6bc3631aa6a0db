"""The environment: what it gives, and what is said when it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import ConfigError
from config.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
WHSEC = "whsec_YS1wZXJmZWN0bHktaW52ZW50ZWQtc2VjcmV0IQ=="
REAL = {
    "JIRA_URL": "https://example.atlassian.net",
    "JIRA_USER": "bot@example.test",
    "JIRA_TOKEN": "an-invented-token",
    "JIRA_WEBHOOK_SECRETS": "an-invented-secret-1, an-invented-secret-2",
    "WEBCRM_URL": "http://webcrm.example.test/api/",
    "WEBCRM_TOKEN": "an-invented-token",
    "WEBCRM_WEBHOOK_SECRETS": WHSEC,
    "SECRET_KEY": "an-invented-secret-key",
}


def said(env: dict[str, str]) -> list[str]:
    """Give what is said about an environment."""
    with pytest.raises(ConfigError) as raised:
        Settings.read(env)
    return [str(fault) for fault in raised.value.faults]


def test_an_empty_environment_has_defaults() -> None:
    settings = Settings.read({"PORT": "", "JIRA_URL": ""})
    assert settings.database_url == "sqlite:///var/smezhnik.sqlite"
    assert (settings.port, settings.sandbox_port, settings.data_dir) == (8080, 8090, Path("var"))
    assert settings.config_dir == ROOT / "config"
    assert settings.jira_url is None
    assert settings.jira_webhook_secrets == ()
    assert not settings.smezhnik_sandbox
    assert settings.demo_tickets


def test_it_reads_what_it_is_given_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9999")
    assert Settings.read({}).port == 8080
    assert Settings.read().port == Settings().port == 9999


def test_lists_are_comma_separated() -> None:
    settings = Settings.read(REAL)
    values = [secret.get_secret_value() for secret in settings.jira_webhook_secrets]
    assert values == ["an-invented-secret-1", "an-invented-secret-2"]
    assert settings.webcrm_url == "http://webcrm.example.test/api"


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("postgres://u:p%40@h:5432/db?sslmode=require", "postgresql+psycopg://u:p%40@h:5432/db?sslmode=require"),
        ("postgresql://u@h/db", "postgresql+psycopg://u@h/db"),
        ("postgresql+psycopg://u@h/db", "postgresql+psycopg://u@h/db"),
        ("postgresql:///db?host=/run/postgresql", "postgresql+psycopg:///db?host=/run/postgresql"),
        ("sqlite:////data/s.sqlite", "sqlite:////data/s.sqlite"),
    ],
)
def test_databases(url: str, understood: str) -> None:
    assert Settings.read({"DATABASE_URL": url}).database_url == understood


def test_the_database_lies_in_the_data_folder() -> None:
    assert Settings.read({"DATA_DIR": "/data"}).database_url == "sqlite:////data/smezhnik.sqlite"


@pytest.mark.parametrize(
    "url", ["mysql://u:sesame@h/db", "postgres://", "postgres://u:sesame@[h/db", "sqlite://var/s.sqlite", "s.sqlite"]
)
def test_a_wrong_database(url: str) -> None:
    assert said({"DATABASE_URL": url}) == [
        "env: DATABASE_URL: это не адрес базы; напишите sqlite:///путь/к/файлу.sqlite "
        "или postgresql://имя:пароль@хост/база"
    ]


@pytest.mark.parametrize("port", ["80a", "0", "65536", "-1", "8080.5"])
def test_a_wrong_port(port: str) -> None:
    assert said({"PORT": port}) == [
        f"env: PORT: «{port}» — не номер порта; напишите число от 1 до 65535, например 8080"
    ]


@pytest.mark.parametrize("secret", ["sesame", "whsec_", "whsec_сезам", "whsec_c2VzYW1"])
def test_a_wrong_webhook_secret(secret: str) -> None:
    assert said({"WEBCRM_WEBHOOK_SECRETS": f"{WHSEC},{secret}"}) == [
        "env: WEBCRM_WEBHOOK_SECRETS: секрет № 2 не разобрать; "
        "напишите whsec_ и за ним base64, как его выдаёт отправитель"
    ]


@pytest.mark.parametrize(
    ("env", "text"),
    [
        ({"JIRA_URL": "http://example.test"}, "env: JIRA_URL: по http токен идёт открытым текстом; напишите https://"),
        (
            {"JIRA_URL": "https://u:sesame@example.test"},
            "env: JIRA_URL: в адресе стоят имя или пароль; уберите их, для них есть отдельные переменные",
        ),
        (
            {"WEBCRM_URL": "webcrm.example.test"},
            "env: WEBCRM_URL: это не адрес; напишите, например, https://example.atlassian.net, без параметров",
        ),
        ({"SMEZHNIK_SANDBOX": "да"}, "env: SMEZHNIK_SANDBOX: «да» — не да и не нет; напишите true или false"),
    ],
)
def test_other_mistakes(env: dict[str, str], text: str) -> None:
    assert said(env) == [text]


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("http://proxy.example.test:3128", "http://proxy.example.test:3128"),
        ("proxy.example.test:3128/", "http://proxy.example.test:3128"),
        ("https://u:sesame@proxy.example.test", "https://u:sesame@proxy.example.test"),
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY"])
def test_proxies(name: str, text: str, understood: str) -> None:
    for spelled in (name, name.lower()):
        settings = Settings.read({spelled: text})
        proxy = getattr(settings, name.lower())
        assert proxy.get_secret_value() == understood
        assert "sesame" not in repr(settings)
    assert Settings.read({name: "http://one.test:1", name.lower(): "http://two.test:2"}) == Settings.read(
        {name: "http://two.test:2"}
    )
    assert Settings.read({"port": "9999"}).port == 8080  # only proxies are known in small letters


@pytest.mark.parametrize(
    "text", ["socks5://sesame:1", "http://", "http://proxy:sesame", "http://proxy.test/sesame", "://"]
)
def test_a_wrong_proxy(text: str) -> None:
    assert said({"HTTPS_PROXY": text}) == [
        "env: HTTPS_PROXY: это не адрес прокси; напишите, например, http://proxy.example.com:3128 "
        "(с именем и паролем — http://имя:пароль@proxy.example.com:3128)"
    ]


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        assert said({name: f"{tmp_path}/x.pem"}) == [
            f"env: {name}: нет ни файла, ни папки {tmp_path}/x.pem; напишите путь к сертификатам, которым верит бот"
        ]
        assert getattr(Settings.read({name: str(tmp_path)}), name.lower()) == tmp_path


def test_all_mistakes_are_said_at_once() -> None:
    assert len(said({"PORT": "a", "SANDBOX_PORT": "b", "DATABASE_URL": "c"})) == 3


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("JIRA_URL", "https://example.atlassian.net"),
        ("JIRA_URL", "https://localhost.example.test"),
        ("WEBCRM_URL", "http://10.0.0.1/webcrm"),
        ("OIDC_ISSUER", "https://id.example.com"),
        ("ALERT_URLS", "json://127.0.0.1:8090/chat/a, tgram://1:sesame/2"),
    ],
)
def test_the_sandbox_stays_on_this_machine(name: str, url: str) -> None:
    assert Settings.read({name: url})
    assert said({"SMEZHNIK_SANDBOX": "1", name: url}) == [
        f"env: {name}: в песочнице (SMEZHNIK_SANDBOX=1) разрешены только адреса этой машины; "
        "напишите http://127.0.0.1:порт"
    ]


@pytest.mark.parametrize("host", ["127.0.0.1:8090", "localhost:8090", "[::1]:8090", "127.8.8.8"])
def test_the_sandbox_reaches_this_machine(host: str) -> None:
    assert Settings.read({"SMEZHNIK_SANDBOX": "1", "JIRA_URL": f"http://{host}", "ALERT_URLS": f"json://{host}/a"})


def test_nothing_is_missing() -> None:
    assert Settings.read(REAL).missing_for_production() == []


@pytest.mark.parametrize("name", REAL)
def test_what_is_missing_is_named_with_a_fix(name: str) -> None:
    faults = Settings.read({key: value for key, value in REAL.items() if key != name}).missing_for_production()
    assert [(fault.file, fault.key) for fault in faults] == [("env", name)]
    assert re.match(r"не задано; \w+", faults[0].text)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("JIRA_WEBHOOK_SECRETS", "sandbox-jira-secret", "здесь секрет песочницы"),
        (
            "WEBCRM_WEBHOOK_SECRETS",
            "whsec_c2FuZGJveC13ZWJjcm0tc2VjcmV0LTAwMDAwMDAwMDA=",
            "здесь секрет песочницы",
        ),
        ("API_TOKENS", "an-invented-api-token, sandbox-api-token", "здесь секрет песочницы"),
        ("JIRA_WEBHOOK_SECRETS", "an-invented-secret-1, sesame", "секрет короче 16 знаков"),
        ("WEBCRM_WEBHOOK_SECRETS", "whsec_c2VzYW1l", "секрет короче 24 знаков"),
    ],
)
def test_a_secret_that_everybody_knows_or_can_guess(name: str, value: str, text: str) -> None:
    faults = Settings.read(REAL | {name: value}).missing_for_production()
    assert [fault.key for fault in faults] == [name]
    assert faults[0].text.startswith(text)


WEBCRM = {name: value for name, value in REAL.items() if name.startswith("WEBCRM_")}
USEDESK = {
    "USEDESK_URL": "https://api.usedesk.ru",
    "USEDESK_TOKEN": "an-invented-token",
    "USEDESK_PATH_TOKEN": "an-invented-path-token",
    "USEDESK_AGENT_ID": "1",
}


@pytest.mark.parametrize("crms", [(), ("webcrm",), ("usedesk",), ("webcrm", "usedesk")])
def test_jira_is_enough_and_each_crm_may_be_there(crms: tuple[str, ...]) -> None:
    env = dict(REAL) | dict.fromkeys(WEBCRM, "")
    for crm in crms:
        env |= {"webcrm": WEBCRM, "usedesk": USEDESK}[crm]
    settings = Settings.read(env)
    assert settings.crms == crms
    assert settings.missing_for_production() == settings.half_set() == []


@pytest.mark.parametrize("name", [*WEBCRM, *USEDESK])
def test_half_a_crm_is_an_error_that_names_what_is_missing_in_the_sandbox_too(name: str) -> None:
    settings = Settings.read(REAL | USEDESK | {name: ""})
    assert [fault.key for fault in settings.missing_for_production()] == [name]
    assert [fault.key for fault in settings.half_set()] == [name]


def test_a_block_without_usedesk_is_half_a_crm() -> None:
    settings = Settings.read(REAL | {"USEDESK_BLOCK_SECRET": "an-invented-block-secret"})
    assert [fault.key for fault in settings.half_set()] == list(USEDESK)


@pytest.mark.parametrize("name", ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_a_provider_is_set_whole_or_not_at_all(name: str) -> None:
    provider = {"OIDC_ISSUER": "https://id.example.com", "OIDC_CLIENT_ID": "bot", "OIDC_CLIENT_SECRET": "sesame"}
    assert Settings.read(REAL | provider).missing_for_production() == []
    faults = Settings.read(REAL | provider | {name: ""}).missing_for_production()
    assert [fault.key for fault in faults] == [name]


def test_no_secret_shows() -> None:
    env = REAL | {"DATABASE_URL": "postgres://u:sesame@h/db", "API_TOKENS": "sesame", "ALERT_URLS": "tgram://sesame/1"}
    settings = Settings.read(env)
    for text in (repr(settings), str(settings)):
        assert "invented" not in text
        assert "sesame" not in text
    with pytest.raises(ConfigError) as raised:
        Settings.read(env | {"PORT": "a", "JIRA_URL": "https://u:sesame@example.test"})
    assert "sesame" not in str(raised.value)


def test_the_example_names_every_variable() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE))
    tables = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "config").glob("*.yml"))
    wanted = {name.upper() for name in Settings.model_fields} | set(re.findall(r"\$\{([A-Z_]+)[:}]", tables))
    assert named == wanted


FORGE = {
    "FORGE_APP_ID": "8DB33809-1f32-48bb-8c52-5877dab48107",
    "FORGE_CLOUD_IDS": "main=d0d52620-3203-4cfa-8db5-f2587155f0dd, second=D0D52620-3203-4CFA-8DB5-000000000000",
}


def test_the_forge_app_is_known_by_its_number_or_its_whole_id() -> None:
    settings = Settings.read(FORGE)
    assert settings.forge_app_id == "ari:cloud:ecosystem::app/8db33809-1f32-48bb-8c52-5877dab48107"
    assert Settings.read({**FORGE, "FORGE_APP_ID": settings.forge_app_id}).forge_app_id == settings.forge_app_id
    assert settings.forge_cloud_ids == {
        "d0d52620-3203-4cfa-8db5-f2587155f0dd": "main",
        "d0d52620-3203-4cfa-8db5-000000000000": "second",
    }
    assert settings.further_doors == ("forge",)
    assert settings.half_set() == []


@pytest.mark.parametrize("name", list(FORGE))
def test_half_a_forge_app_is_none(name: str) -> None:
    (fault,) = Settings.read({name: FORGE[name]}).half_set()
    assert fault.key in FORGE
    assert fault.key != name


@pytest.mark.parametrize("name", list(FORGE))
@pytest.mark.parametrize("value", ["main", "main=1", "=d0d52620-3203-4cfa-8db5-f2587155f0dd", "ari:cloud:x"])
def test_a_wrong_forge_app_or_site_is_told(name: str, value: str) -> None:
    (text,) = said({name: value})
    assert text.startswith(f"env: {name}: «")
