"""What every day in the browser shares: signing in, and a look as a screen reader, a phone and a dark room give it.

`SCREENSHOTS=folder` keeps pictures of all pages, `IMAGES=folder` those that `docs/` shows (`make images`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from playwright.sync_api import ViewportSize as Size

WIDE: Size = {"width": 1280, "height": 900}
PHONE: Size = {"width": 390, "height": 844}
PATIENCE = 30_000  # ms: a machine may have much else to do
SERIOUS = ("moderate", "serious", "critical")
SHOWN = ("deliveries-light", "state-light", "rules-light", "review", "board", "report", "card", "sandbox")
_TOO_WIDE = """Math.max(...[document.documentElement, ...document.querySelectorAll(
    innerWidth < 700 ? ".wide-table:has(.board)" : "html")].map((one) => one.scrollWidth - one.clientWidth))"""
_BROKEN = """[...document.querySelectorAll("main th")].filter((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    const {width, height} = range.getBoundingClientRect();
    return height > 3 * width;
  }).map((one) => one.textContent)"""
_CROWDED = """(() => {
    const [menu, own] = [document.querySelector(".menu"), document.querySelector(".own")];
    const ends = menu ? [...menu.children].map((one) => one.getBoundingClientRect().right) : [];
    return own ? Math.max(0, ...ends) - own.getBoundingClientRect().left : 0;
  })()"""
_OPEN = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


def sign_in(page: Page, email: str = "admin@example.test") -> None:
    """By the form."""
    page.goto("/")
    page.get_by_label("Почта").fill(email)
    page.get_by_label("Пароль").fill("sandbox")
    page.get_by_role("button", name="Войти", exact=True).click()
    page.wait_for_url(re.compile("/(state|board|mine|me)$"))


def account(page: Page) -> None:
    """Open the menu of whoever is signed in."""
    page.locator(".account > summary").click()


def too_wide(page: Page) -> int:
    """By how many pixels a page is wider than its window, or a list of cards than its place."""
    return int(page.evaluate(_TOO_WIDE))


def menu_overlaps(page: Page) -> int:
    """By how many pixels the menu runs under what stands at its right."""
    return int(page.evaluate(_CROWDED))


def letters_in_a_column(page: Page) -> list[str]:
    """Headings in a table that are so narrow that their words are broken into letters."""
    return [str(words) for words in page.evaluate(_BROKEN)]


def looked_at(page: Page, name: str) -> None:
    """Nothing serious for axe, nothing wider than the window; a picture where one is wanted."""
    found = Axe().run(page).response["violations"]
    serious = [(name, one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
    assert not serious, serious
    assert too_wide(page) <= 0, name
    assert menu_overlaps(page) <= 0, name
    assert not letters_in_a_column(page), letters_in_a_column(page)
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=name.endswith("dark"))
    if (folder := os.environ.get("IMAGES")) and name in SHOWN:
        page.screenshot(path=Path(folder) / f"{name.removesuffix('-light')}.png")


def look_everywhere(page: Page, email: str, paths: Iterable[str], theme: str) -> None:
    """All of somebody's pages with everything unfolded: light, Russian and wide, or dark, English and narrow."""
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    sign_in(page, email)
    sizes = (WIDE, PHONE) if theme == "light" else (PHONE, WIDE)
    if theme == "dark":
        account(page)
        page.get_by_role("button", name="English").click()
        account(page)
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    for path in paths:
        page.set_viewport_size(sizes[0])
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
        page.evaluate(_OPEN)
        looked_at(page, f"{re.sub('[^a-z0-9]+', '-', path.lower()).strip('-')}-{theme}")
        page.set_viewport_size(sizes[1])
        assert too_wide(page) <= 0, path
