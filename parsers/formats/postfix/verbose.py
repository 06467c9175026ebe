"""What daemons say of themselves when they are made verbose (`smtpd -v`, `debug_peer_list`): dialogue, look-ups, attributes.

All that happens has its own line beside it, as without `-v`: none of these is a verdict. The dialogue holds passwords, and
nothing that could be one is kept.

Source: vdukhovni/postfix, `msg_verbose` in src/smtpd, src/global and src/util of Postfix 3.7 to 3.12.
"""

import re

from mailwarden.parsers.event import Event
from mailwarden.parsers.formats.postfix.fields import other_side
from mailwarden.parsers.formats.postfix.program import FORMAT
from mailwarden.parsers.life import noted
from mailwarden.parsers.secrets import hide_secrets

__all__: list[str] = []

_LOGIN = re.compile(r"AUTH\s", re.IGNORECASE)


@FORMAT.pattern("< ", anywhere=True)
def heard(event: Event, text: str) -> bool:
    """Read `< NA: COMMAND`: what the other side said, a password among it."""
    return text.startswith("< ") and _spoken(event, text)


@FORMAT.pattern("> ", anywhere=True)
def said(event: Event, text: str) -> bool:
    """Read `> NA: REPLY`: what this side said, its own login at a relay among it."""
    return text.startswith("> ") and _spoken(event, text)


def _spoken(event: Event, text: str) -> bool:
    who, _, words = text[2:].partition(": ")
    if not other_side(event, who):
        return False
    if text[0] == "<":
        hide_secrets(event, text)
    elif _LOGIN.match(words):
        event.event_original = event.event_original.replace(words, "AUTH [redacted]")
    return noted(event)


@FORMAT.pattern("xsasl_")
def login_step(event: Event, rest: str) -> bool:
    """Read a step of a login, `xsasl_dovecot_server_first: sasl_method PLAIN, init_response …`, without the answer."""
    name, mark, _ = rest.partition(": ")
    if not mark or not name.replace("_", "").isalnum() or event.log_level is not None:
        return False
    hide_secrets(event, f"xsasl_{rest}")
    return noted(event)


def step(event: Event, _rest: str) -> bool:
    """Read one step of a daemon's work; what is a warning is none."""
    return event.log_level is None and noted(event)


for _words in (
    "inet_addr_local: ", "inet_addr_host: ", "process generation: ", "dict_open: ", "dict_proxy_", "dict_pcre_lookup: ",
    "dict_regexp_lookup: ", "dict_cidr_lookup: ", "dict_lookup: ", "dict_eval: ", "dict_update: ", "dict_load_file: ",
    "match_string: ", "match_list_match: ", "match_list_init: ", "match_hostname: ", "match_hostaddr: ", "been_here: ",
    "mynetworks_core: ", "mynetworks_host: ", "input attribute name: ", "input attribute value: ", "send attr ",
    "Compiled against Berkeley DB", "Run-time linked against Berkeley DB", "tls_library_init: ", "auto_clnt_create: ",
    "auto_clnt_open: ", "auto_clnt_close: ", "connection established", "master_notify: ", "smtp_stream_setup: ",
    "extract_addr: ", "smtpd_check_", "rewrite_clnt: ", "resolve_clnt: ", "ctable_locate: ", "permit_inet_interfaces: ",
    "permit_mynetworks", "permit_sasl_", "permit_auth_destination",
    "reject_unauth_", "reject_unknown_", "reject_invalid_", "reject_non_fqdn_", "reject_rbl",
    "reject_rhsbl", "reject_unlisted_", "reject_sender_login_", "reject_unverified_", "dns_query: ", "dns_get_answer: ",
    "connection closed", "normalize_mailhost_addr: ", "proxymap stream disconnect", "fsspace: ", ">>> START ", ">>> END ",
    ">>> CHECKING ", "generic_checks: ", "check_domain_access: ", "check_namadr_access: ", "check_addr_access: ",
    "check_mail_access: ", "check_table_result: ", "check_rcpt_maps: ", "check_server_access: ", "check_access: ",
    "check_policy_service", "maps_find: ", "maps_append: ", "mail_addr_find: ", "mail_addr_map: ", "watchdog_", "smtp_get: ",
    "smtp_fputs: ", "smtp_fwrite: ", "name_client: ", "rewrite stream disconnect", "event_", "idle timeout", "vstream_",
    "cleanup_", "smtpd_", "mail_stream_", "tls_server_", "tls_bio", "rec_put: ", "rec_get: ", "attr_clnt_request",
    "lookup ", "before input_transp_cleanup: ", "after input_transp_cleanup: ", "milter_", "milter8_", "free milters",
    "strcasecmp_utf8", "casefold", "flush_", "valid_mailhost", "fast_flush", "trying ", "saved ", "proxy_inet_",
):  # fmt: skip
    FORMAT.pattern(_words)(step)


@FORMAT.pattern(": wanted attribute: ", anywhere=True)
@FORMAT.pattern("_tempfail_action = ", anywhere=True)
def asked(event: Event, _text: str) -> bool:
    """Read what a daemon asked another, or how it will answer when nobody does."""
    return event.log_level is None and noted(event)
