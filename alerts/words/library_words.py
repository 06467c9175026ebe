"""What libraries say of a text that they cannot read, as messages of the catalog: people read it within sentences of ours.

A message here is what the library says, word for word, so that its English stays as it is. What is not listed is told in the
library's words. Sources: PyYAML 6.0 (scanner.py, parser.py, composer.py, constructor.py, reader.py); pySigma 1 (rule/,
correlations.py, conditions.py, modifiers.py, types.py); RE2 (re2/parse.cc, re2/regexp.cc); maxminddb 2 (reader.py); Apprise 1
(plugins/); SQLite 3 (src/main.c); OpenSSL 3 (crypto/x509/x509_txt.c).
"""

import functools
import re

from mailwarden.alerts.words.translate import N_
from mailwarden.parsers.errors import worded

__all__ = ["heard"]

_YAML = (
    N_("expected ',' or ']', but got {token}"),
    N_("expected ',' or '}', but got {token}"),
    N_("expected <block end>, but found {token}"),
    N_("expected '<document start>', but found {token}"),
    N_("expected the node content, but found {token}"),
    N_("could not find expected ':'"),
    N_("mapping values are not allowed here"),
    N_("mapping keys are not allowed here"),
    N_("sequence entries are not allowed here"),
    N_("found character {character} that cannot start any token"),
    N_("found unexpected end of stream"),
    N_("found unexpected document separator"),
    N_("found unknown escape character {character}"),
    N_("found undefined alias {name}"),
    N_("found unhashable key"),
    N_("found unconstructable recursive node"),
    N_("expected alphabetic or numeric character, but found {character}"),
    N_("could not determine a constructor for the tag {tag}"),
    N_("'{codec}' codec can't decode byte {byte} in position {position}: {why}"),
    N_("invalid start byte"),
    N_("invalid continuation byte"),
    N_("unexpected end of data"),
)
_SIGMA = (
    N_("Sigma rule must have a title"),
    N_("Sigma rule title must be a string"),
    N_("Sigma rule title length must not exceed 256 characters"),
    N_("Sigma rule must have a log source"),
    N_("Sigma logsource must be a valid YAML map"),
    N_("Sigma log source can't be empty"),
    N_("Sigma rule must have a detection definitions"),
    N_("Sigma detection must be a valid YAML map"),
    N_("No detections defined in Sigma rule"),
    N_("Detection is empty"),
    N_("Sigma rule must contain at least one condition"),
    N_("Detection '{name}' not defined in detections"),
    N_("Selector '{selector}' doesn't match any detection"),
    N_("Unknown modifier {name}"),
    N_("Modifier {name} incompatible to value type of '{given}'"),
    N_("Regular expression modifier only applicable to unmodified values"),
    N_("CIDR expression modifier only applicable to unmodified values"),
    N_("Exists modifier only applicable to unmodified boolean values"),
    N_("Invalid CIDR expression: {given} does not appear to be an IPv4 or IPv6 network"),
    N_("Invalid CIDR expression: {given} has host bits set"),
    N_("Compare operator expects number"),
    N_("Regular expression '{pattern}' is invalid: {why}"),
    N_("Sigma rule identifier must be an UUID"),
    N_("'{given}' is not a valid Sigma rule level"),
    N_("'{given}' is not a valid Sigma rule status"),
    N_("Rule date '{given}' is invalid, use yyyy-mm-dd"),
    N_("Sigma tags fields must be a list"),
    N_("Sigma rule tags must be a list of strings"),
    N_("Sigma tag must start with namespace separated with dot from remaining tag"),
    N_("Sigma rule falsepositives must be a list"),
    N_("Sigma rule {name} must be a string"),
    N_("Sigma rule {name} must be a list"),
    N_("Rule modified '{given}' is invalid, use yyyy-mm-dd"),
    N_("Sigma correlation rule 'correlation' field must be a dict"),
    N_("Sigma correlation rule without type"),
    N_("Sigma correlation rule without timespan"),
    N_("Sigma correlation rule without rule references"),
    N_("Sigma correlation condition must have exactly one condition item"),
    N_("Sigma correlation condition contains invalid items: {names}"),
    N_("Sigma correlation group-by definition must be string or list"),
    N_("Non-temporal Sigma correlation rule without condition"),
    N_("{kind} correlation rule without field reference"),
    N_("'{given}' is no valid Sigma correlation type"),
    N_("'{given}' is no valid Sigma correlation condition count"),
    N_("Rule reference must be plain string or list"),
)
_RE2 = (
    N_("missing ): {rest}"),
    N_("missing ]: {rest}"),
    N_("unexpected ): {rest}"),
    N_("invalid perl operator: {rest}"),
    N_("invalid escape sequence: {rest}"),
    N_("invalid character class range: {rest}"),
    N_("no argument for repetition operator: {rest}"),
    N_("bad repetition operator: {rest}"),
    N_("invalid repetition size: {rest}"),
    N_("trailing \\ at end of regexp"),
)
_MMDB = (N_("Error opening database file ({path}). Is this a valid MaxMind DB file?"),)
_SQLITE = (
    N_("attempt to write a readonly database"),
    N_("database disk image is malformed"),
    N_("database is locked"),
    N_("database or disk is full"),
    N_("disk I/O error"),
    N_("file is not a database"),
    N_("unable to open database file"),
)
_APPRISE = (
    N_("Failed to send {service} notification: {why}, error={code}."),
    N_("Failed to send {service} notification to {target}: {why}, error={code}."),
    N_("A Connection error occurred sending {service} notification to {target}."),
    N_("A Connection error occurred sending {service} notification."),
    N_("A Connection error occurred posting to {service}."),
    N_("Bad Request - Unsupported Parameters."),
    N_("Verification Failed."),
    N_("Page not found."),
    N_("Method not allowed."),
    N_("Internal server error."),
    N_("Servers are overloaded."),
)
_TLS = (
    N_("[SSL: {code}] {why} (_ssl.c:{line})"),
    N_("certificate verify failed: {why}"),
    N_("wrong version number"),
    N_("certificate has expired"),
    N_("self-signed certificate"),
    N_("self-signed certificate in certificate chain"),
    N_("unable to get local issuer certificate"),
    N_("Hostname mismatch, certificate is not valid for '{name}'."),
    N_("IP address mismatch, certificate is not valid for '{name}'."),
)
_PLACE = re.compile(r"\\{(\w+)\\}")


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    written = [(re.escape(msgid), msgid) for msgid in (*_YAML, *_SIGMA, *_RE2, *_MMDB, *_SQLITE, *_APPRISE, *_TLS)]
    return [(re.compile(_PLACE.sub(r"(?P<\1>.{0,300})", text), re.DOTALL), msgid) for text, msgid in written]


def heard(said: object) -> str:
    """Give a library's sentence as a message that can be said in any language; one that is not known, as it is."""
    text = str(said)
    for pattern, msgid in _patterns():
        if found := pattern.fullmatch(text):
            return worded(
                msgid, **{name: heard(one) if name == "why" else one for name, one in found.groupdict().items()}
            )
    return text
