"""Login lines whose message an administrator put behind the elements: `login_log_format = %s [%$]`.

The message is Dovecot's and stands last; a name that a client chose, and that may hold such words, stands before it.

Source: src/login-common/client-common.c (client_get_log_str) of Dovecot 2.2.36 to 2.4.4.
"""

import re

__all__ = ["turned"]

_CLOSING = {"[": "]", "(": ")", "{": "}"}
_BEHIND = re.compile(
    r"([a-z_]{2,20}=.*)([\[({]|[ :;|-] )(?<!Disconnected: )(?<!Disconnected \()(?=[A-Z])("
    r"(?:Login|Logged in)[\])}]?"
    r"|(?:Disconnected|Aborted login|Auth process broken|Connection closed|Connection queue full|Inactivity"
    r"|Internal login failure|Login aborted|Login failed|Maximum number of connections|SSL required|Plaintext authentication"
    r"|Cleartext authentication|TLS initialization failed|Too many invalid)\b.*)$"
)


def turned(text: str) -> str | None:
    """Give a line that begins with an element as it would stand with its message in front; None where none is behind."""
    found = _BEHIND.match(text)
    if found is None:
        return None
    elements, opening, message = found.groups()
    if opening in _CLOSING:
        message = message.removesuffix(_CLOSING[opening])
    return f"{message}: {elements.rstrip(' ,:;|-')}"
