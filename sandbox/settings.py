"""What the sandbox reads from its environment (`.env.sandbox`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxSettings:
    """Fixed points of the sandbox; durations are seconds, `bot_url` None means that nobody is told."""

    port: int
    bot_url: str | None
    data_dir: Path
    jira_user: str
    jira_token: str
    jira_secret: str
    webcrm_token: str
    webcrm_secret: str
    api_token: str
    usedesk_token: str
    usedesk_secret: str
    usedesk_path_token: str
    usedesk_limited: bool
    search_lag: float
    retry_seconds: float

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> SandboxSettings:
        """Read the environment; unset is as in `.env.sandbox`; of a list of secrets the first signs."""
        return cls(
            port=int(env.get("SANDBOX_PORT") or 8090),
            bot_url=env.get("BOT_URL", f"http://127.0.0.1:{env.get('PORT') or 8080}").rstrip("/") or None,
            data_dir=Path(env.get("DATA_DIR") or "var"),
            jira_user=env.get("JIRA_USER", "bot@example.test"),
            jira_token=env.get("JIRA_TOKEN", "sandbox"),
            jira_secret=first(env.get("JIRA_WEBHOOK_SECRETS", "sandbox-jira-secret")),
            webcrm_token=env.get("WEBCRM_TOKEN", "sandbox-webcrm-token"),
            webcrm_secret=first(
                env.get("WEBCRM_WEBHOOK_SECRETS", "whsec_c2FuZGJveC13ZWJjcm0tc2VjcmV0LTAwMDAwMDAwMDA=")
            ),
            api_token=first(env.get("API_TOKENS", "sandbox-api-token")),
            usedesk_token=env.get("USEDESK_TOKEN", "sandbox-usedesk-token"),
            usedesk_secret=env.get("USEDESK_SECRET", "sandbox-usedesk-secret"),
            usedesk_path_token=env.get("USEDESK_PATH_TOKEN", "sandbox"),
            usedesk_limited=env.get("SANDBOX_USEDESK_LIMIT") != "0",
            search_lag=float(env.get("SANDBOX_SEARCH_LAG") or 1),
            retry_seconds=float(env.get("SANDBOX_RETRY_SECONDS") or 2),
        )


def first(listed: str) -> str:
    """The first of a comma-separated list."""
    return listed.partition(",")[0].strip()
