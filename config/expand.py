"""Fills in `${NAME}` and `${NAME:-default}` in the tables from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from config.faults import ConfigError, Fault, Steps
from config.yaml_file import Document

_REFERENCE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}")
_ONLY_A_NAME = re.compile(r"\$\{[A-Z][A-Z0-9_]*(?::-)?\}")
Pattern = tuple[str, ...]  # steps, where «*» stands for any step


class UnsetError(LookupError):
    """A variable that a table refers to is not set, or empty."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class MalformedError(ValueError):
    """A `${` that is not the beginning of `${NAME}` or `${NAME:-default}`."""


def expand_text(text: str, env: Mapping[str, str]) -> str:
    """Fill in the variables of a text; an empty variable counts as not set. Raises UnsetError, MalformedError."""
    if "${" in _REFERENCE.sub("", text):
        raise MalformedError(text)

    def fill(found: re.Match[str]) -> str:
        value = env.get(found[1]) or found[2]
        if value is None:
            raise UnsetError(found[1])
        return value

    return _REFERENCE.sub(fill, text)


def expand(document: Document, env: Mapping[str, str], secrets: tuple[Pattern, ...]) -> Document:
    """Fill in a whole document. A value at one of the places of `secrets` must be a bare `${NAME}`.

    Raises ConfigError for variables that are not set, malformed references, and secrets written out.
    """
    work = _Expansion(document, env, secrets)
    data = work.value(document.data, ())
    if work.faults:
        raise ConfigError(work.faults)
    return Document(document.file, data, document.lines)


class _Expansion:
    def __init__(self, document: Document, env: Mapping[str, str], secrets: tuple[Pattern, ...]) -> None:
        self.document, self.env, self.secrets = document, env, secrets
        self.faults: list[Fault] = []

    def value(self, value: object, steps: Steps) -> Any:
        if isinstance(value, dict):
            return {key: self.value(inner, (*steps, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, (*steps, number)) for number, inner in enumerate(value)]
        return self._text(value, steps) if isinstance(value, str) else value

    def _text(self, text: str, steps: Steps) -> str:
        secret = any(_fits(steps, pattern) for pattern in self.secrets)
        if secret and not _ONLY_A_NAME.fullmatch(text):
            self._fault(steps, "secret_literal")
            return text
        try:
            return expand_text(text, self.env)
        except UnsetError as error:
            self._fault(steps, "unset_secret" if secret else "unset", name=error.name)
        except MalformedError:
            self._fault(steps, "reference")
        return text

    def _fault(self, steps: Steps, code: str, **values: object) -> None:
        self.faults.append(self.document.fault(steps, code, **values))


def _fits(steps: Steps, pattern: Pattern) -> bool:
    return len(steps) == len(pattern) and all(want in ("*", step) for step, want in zip(steps, pattern, strict=True))
