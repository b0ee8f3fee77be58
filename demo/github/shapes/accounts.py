"""Accounts, the App, installations and deliveries as JSON."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from urllib.parse import quote

from demo.github.hooks import Delivery
from demo.github.state import GitHubState
from demo.github.values import Account, Installation, Json, Repository


def stamp(time: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return None if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, number: int) -> str:
    """The identifier that GraphQL knows a thing by."""
    return b64encode(f"{kind}:{number}".encode()).decode()


def user(state: GitHubState, account: Account) -> Json:
    """An account in short."""
    login, name = account.login, quote(account.login)
    api = f"{state.url}/users/{name}"
    return {
        "login": login,
        "id": account.id,
        "node_id": node_id("User", account.id),
        "avatar_url": f"{state.url}/avatars/{account.id}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{state.url}/{name}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": account.kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def association(repository: Repository, account: Account) -> str:
    """How an author stands to a repository, as far as it can be seen from outside."""
    if account is repository.owner:
        return "OWNER"
    return "COLLABORATOR" if account.id in repository.collaborators else "NONE"


def app(state: GitHubState) -> Json:
    """The App."""
    facts = state.app
    return {
        "id": facts.id,
        "client_id": f"Iv1.{facts.id:016x}",
        "slug": facts.slug,
        "node_id": node_id("Integration", facts.id),
        "owner": user(state, facts.owner),
        "name": facts.name,
        "description": "Triage for model competitions",
        "external_url": "https://fairway.example.org/",
        "html_url": f"{state.url}/apps/{facts.slug}",
        "created_at": stamp(facts.created_at),
        "updated_at": stamp(facts.created_at),
        "permissions": dict(facts.permissions),
        "events": list(facts.events),
    }


def authenticated_app(state: GitHubState) -> Json:
    """The App as it sees itself."""
    return {**app(state), "installations_count": len(state.installations)}


def installation(state: GitHubState, made: Installation) -> Json:
    """An installation."""
    return {
        "id": made.id,
        "account": user(state, made.account),
        "repository_selection": made.selection,
        "access_tokens_url": f"{state.url}/app/installations/{made.id}/access_tokens",
        "repositories_url": f"{state.url}/installation/repositories",
        "html_url": f"{state.url}/settings/installations/{made.id}",
        "app_id": state.app.id,
        "client_id": f"Iv1.{state.app.id:016x}",
        "app_slug": state.app.slug,
        "target_id": made.account.id,
        "target_type": made.account.kind,
        "permissions": dict(made.permissions),
        "events": list(state.app.events),
        "created_at": stamp(made.created_at),
        "updated_at": stamp(made.created_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if made.suspended_at is None else user(state, made.account),
        "suspended_at": stamp(made.suspended_at),
    }


def delivery(made: Delivery) -> Json:
    """An attempt to hand over a webhook."""
    return {
        "id": made.id,
        "guid": made.guid,
        "delivered_at": stamp(made.delivered_at),
        "redelivery": made.redelivery,
        "duration": made.duration,
        "status": made.status,
        "status_code": made.status_code,
        "event": made.event,
        "action": made.action,
        "installation_id": made.installation_id,
        "repository_id": made.repository_id,
        "throttled_at": None,
    }
