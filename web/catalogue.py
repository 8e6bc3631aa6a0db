"""The English catalogue: `python -m web.catalogue` collects the Russian texts of templates and tables.

It keeps existing translations and drops unused ones. Write the missing English into `messages.po` and run it again to
make `messages.mo`. A test compares the texts with both files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from web.language import FOLDER, HERE

CATALOGUE = FOLDER / "en" / "LC_MESSAGES" / "messages.po"
_TABLES = ("words.yml", "doctor.yml")


def texts() -> Catalog:
    """Return every Russian text of templates and tables, in a fixed order."""
    catalogue = Catalog()
    found = extract_from_dir(str(HERE / "templates"), [("**.html", "jinja2")])
    for text in sorted({str(message) for _, _, message, *_ in found} | set(_of_tables())):
        catalogue.add(text)
    return catalogue


def english() -> Catalog:
    """Read the English catalogue."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def write() -> None:
    """Update the catalogue to the present texts; keep existing translations, drop unused ones."""
    catalogue = Catalog(locale="en", fuzzy=False, header_comment="# The English of the pages.")
    known = {str(message.id): message.string for message in english()} if CATALOGUE.exists() else {}
    for message in texts():
        if message.id:
            catalogue.add(message.id, known.get(str(message.id), ""))
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=120, omit_header=True)
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, catalogue)


def _of_tables() -> Iterator[str]:
    for name in _TABLES:
        yield from _strings(yaml.safe_load((HERE / name).read_text(encoding="utf-8")))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _strings(member)


if __name__ == "__main__":
    write()
