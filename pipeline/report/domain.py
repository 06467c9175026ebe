"""What of the counts concerns one domain: its accounts, and the mail of its people. Nothing of another's is left."""

import pandas as pd

from mailwarden.alerts.incident import Incident

__all__ = ["concerns", "of_domain"]

_BY_ACCOUNT = (
    "login_account",
    "login_network",
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


def concerns(incident: Incident, domain: str) -> bool:
    """Say whether an incident is of this domain alone: its account or the domain itself is what it is about."""
    name, value = incident.primary
    if name in ("mailwarden.account", "user.name"):
        return value.lower().endswith("@" + domain)
    return name in ("user.domain", "mailwarden.domain") and value.lower() == domain
