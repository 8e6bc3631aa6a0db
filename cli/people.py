"""`user` and `token`: who may sign in to the pages, and which programs may call `/api`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
import sqlalchemy as sa
from flask import Flask

from cli.starting import open_database, read
from cli.words import columns, say, table
from config.access import ROLES, Role
from config.settings import Settings
from runtime.process import Process
from store import users
from store.rows import TokenRow, UserRow
from web.access import people
from web.access.people import operator

__all__ = ["operator", "register"]
_ROLE = click.option("--role", type=click.Choice(ROLES), required=True)


def register(app: Flask, settings: Settings | None) -> None:
    """Add both groups of commands."""
    _users(app, settings)
    _tokens(app, settings)


def _users(app: Flask, settings: Settings | None) -> None:
    @app.cli.group("user")
    def user() -> None:
        """Manage people who sign in with a password."""

    @user.command("add")
    @click.argument("email")
    @_ROLE
    def add(email: str, role: Role) -> None:
        """Add somebody; the password is asked for, or read from stdin."""
        if not people.EMAIL.fullmatch(email):
            raise click.ClickException(say("not_an_email", name=email))
        if not people.add_user(_engine(settings), email, role, _password(email), operator()):
            raise click.ClickException(say("user_known", name=email))
        click.echo(say("user_added", name=email.lower(), role=role))

    @user.command("list")
    def list_() -> None:
        """List everybody with their roles."""
        with _engine(settings).connect() as connection:
            rows = users.all_users(connection)
        click.echo(_listed("user_columns", [_user(row) for row in rows], "no_users"))

    @user.command("remove")
    @click.argument("email")
    def remove(email: str) -> None:
        """Remove somebody; whoever is signed in is signed out."""
        if not people.remove_user(_engine(settings), email, operator()):
            raise click.ClickException(say("user_unknown", name=email))
        click.echo(say("user_removed", name=email))

    @user.command("password")
    @click.argument("email")
    def password(email: str) -> None:
        """Change somebody's password; it is asked for, or read from stdin."""
        if not people.set_password(_engine(settings), email, _password(email), operator()):
            raise click.ClickException(say("user_unknown", name=email))
        click.echo(say("password_set", name=email))


def _tokens(app: Flask, settings: Settings | None) -> None:
    @app.cli.group("token")
    def token() -> None:
        """Manage the keys of programs to /api."""

    @token.command("add")
    @click.argument("name")
    @_ROLE
    def add(name: str, role: Role) -> None:
        """Make a key; it is printed once and not stored."""
        if not people.TOKEN_NAME.fullmatch(name):
            raise click.ClickException(say("not_a_name", name=name))
        secret = people.add_token(_engine(settings), name, role, operator())
        if secret is None:
            raise click.ClickException(say("token_known", name=name))
        click.echo(say("token_added", name=name), err=True)
        click.echo(secret)

    @token.command("list")
    def list_() -> None:
        """List all keys with role and last use."""
        with _engine(settings).connect() as connection:
            rows = users.all_tokens(connection)
        click.echo(_listed("token_columns", [_token(row) for row in rows], "no_tokens"))

    @token.command("revoke")
    @click.argument("name")
    def revoke(name: str) -> None:
        """Revoke a key, at once and for good."""
        if not people.revoke_token(_engine(settings), name, operator()):
            raise click.ClickException(say("token_unknown", name=name))
        click.echo(say("token_revoked", name=name))


def _engine(settings: Settings | None) -> sa.Engine:
    return open_database(Process(read(settings))).engine


def _password(email: str) -> str:
    """Ask for a password twice on a terminal, else read the first line of stdin."""
    if sys.stdin.isatty():
        given = str(click.prompt(say("password"), hide_input=True, confirmation_prompt=say("password_again"), err=True))
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if weakness := people.weakness(given, email):
        raise click.ClickException(say(f"password_{weakness}", least=people.SHORTEST, most=people.LONGEST))
    return given


def _listed(heading: str, rows: Sequence[dict[str, str]], empty: str) -> str:
    return table(columns(heading), rows) if rows else say(empty)


def _user(row: UserRow) -> dict[str, str]:
    notes = (say("of_sandbox") if row.of_sandbox else "", say("blocked") if row.blocked_at else "")
    only = ", ".join(filter(None, notes))
    return {"email": row.email, "role": row.role, "since": f"{row.created_at:%Y-%m-%d}", "only": only}


def _token(row: TokenRow) -> dict[str, str]:
    used = f"{row.used_at:%Y-%m-%d %H:%M}" if row.used_at else ""
    revoked = f"{row.revoked_at:%Y-%m-%d %H:%M}" if row.revoked_at else ""
    return {"name": row.name, "role": row.role, "since": f"{row.created_at:%Y-%m-%d}", "used": used, "revoked": revoked}
