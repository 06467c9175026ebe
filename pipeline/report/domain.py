"""What of the counts concerns one domain (its accounts, the mail of its people) or one server. Nothing of another's is left."""

import pandas as pd

from mailwarden.alerts.incidents.incident import Incident
from mailwarden.pipeline.rollup_span import OTHER

__all__ = ["concerns", "is_blind", "of_domain", "of_server"]

_BY_ACCOUNT = (
    "login_account",
    "login_network",
    "read_hours",
    "read_trait",
    "auth_account",
    "sent",
    "sent_recipients",
    "sent_trait",
    "pop3_fetched",
    "pop3_deleted",
)
_KEPT = ("lines", "data_loss")  # say whether the log was read at all; whose lines they are they do not tell


def of_domain(frame: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Give the counts of one domain under the names of the whole server's.

    What a server counts without a name (logins by protocol, failed logins) is summed from the domain's accounts.

    Args:
        frame: Columns name, a, b, c, count, span.
        domain: In lower case.
    """
    own = frame[frame["name"].isin(_BY_ACCOUNT) & frame["a"].str.lower().str.endswith("@" + domain)]
    logins = own[own["name"] == "login_account"].assign(name="login", a=own["b"], b=own["c"], c="")
    failed = own[own["name"] == "auth_account"].assign(name="auth_failure", a="", b="", c="")
    mail = frame[(frame["name"] == "delivery_domain") & (frame["a"] == domain)]
    deliveries = mail.assign(name="delivery", a=mail["b"], b=mail["c"], c="")
    arrived = mail[(mail["b"] == "local") & (mail["c"] == "sent")].assign(name="message", a="inbound", b="", c="")
    kept = frame[frame["name"].isin(_KEPT)]
    return pd.concat([kept, own, logins, failed, deliveries, arrived], ignore_index=True)


def is_blind(frame: pd.DataFrame, domain: str) -> bool:
    """Say whether a domain's people may log in by names without it: it has mail, no account bears it, and some bear none.

    Args:
        frame: What was counted of the report's own time, as for `of_domain`.
        domain: In lower case.
    """
    names = frame.loc[(frame["name"] == "login_account") | ((frame["name"] == "sent") & (frame["b"] == "account")), "a"]
    own = names.str.lower().str.endswith("@" + domain)
    bare = ~names.str.contains("@", regex=False) & ~names.isin(("", OTHER))
    has_mail = ((frame["name"] == "delivery_domain") & (frame["a"] == domain)).any()
    return bool(has_mail and bare.any() and not own.any())


def concerns(incident: Incident, domain: str) -> bool:
    """Say whether an incident is of this domain alone: its account or the domain itself is what it is about."""
    name, value = incident.primary
    if name in ("mailwarden.account", "user.name"):
        return value.lower().endswith("@" + domain)
    return name in ("user.domain", "mailwarden.domain") and value.lower() == domain


def of_server(frame: pd.DataFrame, server: str) -> pd.DataFrame:
    """Give the counts of one server under the names of the whole site's.

    Accounts and senders are of the site: people come to whichever server is nearest.

    Args:
        frame: Columns name, a, b, c, count, span.
        server: As its lines name it, in lower case.
    """
    own = frame[frame["name"].str.startswith("host_") & (frame["a"].str.lower() == server)]
    own = own.assign(name=own["name"].str.removeprefix("host_"), a=own["b"], b=own["c"], c="")
    failed = own["name"] == "auth_failure"  # of which the first word is kept for the program
    own.loc[failed, ["b", "c"]] = own.loc[failed, ["a", "b"]].to_numpy()
    own.loc[failed, "a"] = ""
    return own.reset_index(drop=True)
