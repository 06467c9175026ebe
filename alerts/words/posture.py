"""What is wrong with our own records, names and certificates, in words; how bad it is, and which check it belongs to.

The words of probes' events (`event.reason`) are the keys. `{subject}` is the domain, address or host, `{now}` what is
there, `{should}` what to publish; the rest is what the check found. `{why}` is a word of the probes or of OpenSSL: it goes
through `in_words`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from mailwarden.alerts.words.library_words import heard
from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["CHECKS", "MEANINGS", "REASONS", "Reason", "in_words", "severity_of"]


class Reason(NamedTuple):
    """How bad something is, what it means, and what to do; `what` and `mend` are messages of the catalog."""

    severity: str
    what: str
    mend: str = ""


CHECKS: dict[str, str] = {
    "spf": N_("SPF"),
    "dkim": N_("DKIM"),
    "dmarc": N_("DMARC"),
    "mx": N_("MX"),
    "ptr": N_("reverse name"),
    "helo": N_("HELO name"),
    "mta_sts": N_("MTA-STS"),
    "tls_rpt": N_("TLS-RPT"),
    "dane": N_("DANE"),
    "certificate": N_("certificate"),
    "tls": N_("encryption"),
    "lists": N_("block lists in the configuration"),
    "settings": N_("settings"),
}
"""What people call the checks."""

MEANINGS: dict[str, str] = {
    "spf": N_("SPF: the list of servers that may send in the domain's name"),
    "dkim": N_("DKIM: a signature on each mail that proves whose it is"),
    "dmarc": N_("DMARC: what receivers are to do with mail that proves neither"),
    "mx": N_("MX: the servers that take mail for the domain"),
    "ptr": N_("reverse name: the name that an address leads back to; who sends mail should have one"),
    "helo": N_("HELO name: what a mail server calls itself when it greets another"),
    "mta_sts": N_("MTA-STS: tells senders to deliver encrypted only"),
    "tls_rpt": N_("TLS-RPT: where senders report that encryption failed"),
    "dane": N_("DANE: proves a server's certificate by DNS"),
    "certificate": N_("certificate: proves that a server is the one it says it is"),
}
"""What each check is about, for those who do not know."""

_PUBLISH = N_("publish at {name}, type TXT: {should}")

REASONS: dict[str, Reason] = {
    "no_answer": Reason("info", N_("nobody answers for {name} ({why}): nothing is known")),
    # SPF
    "spf_missing": Reason("high", N_("{subject} publishes no SPF record: big receivers refuse its mail"), _PUBLISH),
    "spf_several": Reason(
        "high",
        N_("{subject} publishes {count} SPF records: receivers then take none"),
        N_("remove all but one; the whole of it at {name}, type TXT: {should}"),
    ),
    "spf_several_included": Reason(
        "high",
        N_("{name}, which the SPF record includes, publishes several: receivers give up"),
        N_("do not include it"),
    ),
    "spf_syntax": Reason(
        "high", N_("the SPF record cannot be read at “{term}”: receivers take none of it"), N_("mend that part of it")
    ),
    "spf_include": Reason(
        "high", N_("{name}, which the SPF record includes, publishes none: receivers give up"), N_("take it out")
    ),
    "spf_loop": Reason("high", N_("the SPF record includes itself by way of {name}"), N_("take the circle out")),
    "spf_lookups": Reason(
        "high",
        N_("the SPF record needs {count} look-ups; receivers give up after {most}"),
        N_("replace some include by the ip4 and ip6 that they stand for, or take out what is not used"),
    ),
    "spf_lookups_late": Reason(
        "low",
        N_("the SPF record needs {count} look-ups of {most}; your own addresses are found before receivers give up"),
        N_("take out what is not used"),
    ),
    "spf_void": Reason(
        "medium",
        N_("{count} look-ups of the SPF record find nothing; receivers give up after {most}"),
        N_("take out the names that are gone"),
    ),
    "spf_pass_all": Reason("high", N_("the SPF record lets the whole world send as {subject}"), _PUBLISH),
    "spf_left_out": Reason(
        "high", N_("mail leaves from {left_out}, which the SPF record of {subject} does not name"), _PUBLISH
    ),
    "spf_open_end": Reason("low", N_("the SPF record says nothing about other senders"), _PUBLISH),
    # DKIM
    "dkim_unknown": Reason(
        "info",
        N_("the selector is not known: whether mail is signed cannot be seen from DNS"),
        N_("name it under probes.selectors, or with --selector"),
    ),
    "dkim_missing": Reason(
        "high",
        N_("selector {selector} of {subject} has no key: its signatures fail"),
        N_("publish the key of your signer at {name}"),
    ),
    "dkim_several": Reason(
        "high",
        N_("selector {selector} of {subject} has {count} keys: receivers take any one"),
        N_("remove all but one"),
    ),
    "dkim_syntax": Reason(
        "high",
        N_("the key of selector {selector} cannot be read at “{term}”: signatures fail"),
        N_("publish it anew, whole and without line breaks, at {name}"),
    ),
    "dkim_revoked": Reason(
        "high",
        N_("the key of selector {selector} is withdrawn (p= is empty): its signatures fail"),
        N_("sign with a selector whose key is there"),
    ),
    "dkim_testing": Reason(
        "low", N_("the key of selector {selector} is marked as a test (t=y): receivers ignore it"), N_("take t=y out")
    ),
    "dkim_too_short": Reason(
        "high",
        N_("the key of selector {selector} has {bits} bits; receivers ignore less than {least}"),
        N_("make a new key"),
    ),
    "dkim_short": Reason(
        "low", N_("the key of selector {selector} has {bits} bits; {least} are advised"), N_("make a new key")
    ),
    # DMARC
    "dmarc_missing": Reason("high", N_("{subject} has no DMARC record: big receivers ask for one"), _PUBLISH),
    "dmarc_several": Reason(
        "high", N_("{subject} has {count} DMARC records: receivers then take none"), N_("remove all but one at {name}")
    ),
    "dmarc_syntax": Reason(
        "high", N_("the DMARC record cannot be read at “{term}”: it counts as none"), N_("mend it at {name}")
    ),
    "dmarc_unaligned": Reason(
        "high",
        N_("DMARC asks receivers to {policy} what passes neither SPF nor DKIM, and {subject} has neither in order"),
        N_("mend SPF or DKIM first"),
    ),
    "dmarc_report_address": Reason(
        "low", N_("DMARC reports cannot be sent to “{term}”"), N_("write it as mailto:name@example.org")
    ),
    "dmarc_report_refused": Reason(
        "low", N_("{host} has not agreed to take the DMARC reports of {subject}: none arrive"), _PUBLISH
    ),
    "dmarc_no_reports": Reason("info", N_("DMARC reports go nowhere: nobody sees who sends as {subject}"), _PUBLISH),
    "dmarc_watches": Reason(
        "info",
        N_("DMARC only watches (p=none): forgeries are delivered"),
        N_("when the reports show no mail of yours that fails, publish at {name}: {should}"),
    ),
    # MX
    "mx_missing": Reason(
        "medium", N_("{subject} has no host for its mail: answers and bounces are lost"), N_("publish an MX record")
    ),
    "mx_null": Reason(
        "medium", N_("{subject} says that it takes no mail; some receivers refuse mail from such domains")
    ),
    "mx_no_address": Reason(
        "medium", N_("the mail host {host} of {subject} has no address"), N_("give it one, or name another host")
    ),
    "mx_alias": Reason(
        "low", N_("the mail host {host} is an alias of {target}, which some servers refuse"), N_("name {target} itself")
    ),
    # the sending address
    "ptr_missing": Reason(
        "high",
        N_("{subject} has no reverse name: big receivers refuse its mail"),
        N_("let the provider of the address set its reverse name to that of your mail server"),
    ),
    "ptr_not_confirmed": Reason(
        "high",
        N_("reverse name of {subject} does not lead back: {host} leads to {values}; big receivers refuse its mail"),
        N_(
            "let {host} lead to {subject}, or let the provider of the address set its reverse name to that of your mail server"
        ),
    ),
    "ptr_generic": Reason(
        "medium",
        N_("{subject} is named like any customer ({host}): some receivers refuse it"),
        N_("let the provider of the address set its reverse name to that of your mail server"),
    ),
    "helo_no_name": Reason(
        "high",
        N_("our name {now} is not in the DNS"),
        N_("set myhostname (Exim: primary_hostname)"),
    ),
    "helo_no_address": Reason("high", N_("our name {now} has no address"), N_("publish: {should}")),
    "helo_elsewhere": Reason(
        "medium",
        N_("our name {now} leads elsewhere: to {values}, not to {subject}"),
        N_("publish: {should}"),
    ),
    # encryption on the way to us
    "mta_sts_absent": Reason("info", N_("none is published (it is optional)")),
    "mta_sts_testing": Reason("info", N_("it only watches (mode: testing)")),
    "mta_sts_record": Reason("low", N_("the MTA-STS record of {subject} cannot be read at “{term}”"), _PUBLISH),
    "mta_sts_fetch": Reason(
        "low",
        N_("MTA-STS policy of {subject} cannot be fetched: {why} ({host})"),
        N_("serve it, or take the record out"),
    ),
    "mta_sts_policy": Reason("low", N_("the MTA-STS policy of {subject} cannot be read at “{term}”"), N_("mend it")),
    "mta_sts_mx": Reason(
        "medium",
        N_("MTA-STS policy does not name {host}: others cannot send mail to it"),
        N_("put this into the policy: {should}"),
    ),
    "mta_sts_mx_testing": Reason(
        "low", N_("MTA-STS policy in test does not name {host}"), N_("put this into the policy: {should}")
    ),
    "mta_sts_age": Reason("low", N_("the MTA-STS policy holds for {age}: too short to protect"), N_("write {should}")),
    "tls_rpt_absent": Reason("info", N_("none is published (it is optional)")),
    "tls_rpt_record": Reason("low", N_("the TLS-RPT record of {subject} cannot be read at “{term}”"), _PUBLISH),
    "dane_unsigned": Reason(
        "low",
        N_("TLSA records of {subject} are not signed: nobody heeds them"),
        N_("sign the zone with DNSSEC, or remove them"),
    ),
    "dane_mismatch": Reason(
        "medium",
        N_("wrong TLSA record for {host}: careful servers cannot send to it"),
        N_("publish at {name}, type TLSA: {should}"),
    ),
    "dane_no_validation": Reason(
        "info",
        N_("your resolver does not check DNSSEC"),
        N_("set probes.resolver to one that does, such as your own unbound"),
    ),
    "dane_anchor": Reason(
        "info", N_("its TLSA records name who signs its certificates: that cannot be compared from here")
    ),
    # certificates
    "cert_expired": Reason(
        "critical", N_("certificate of {name} has ended ({ends}): mail programs refuse it"), N_("renew it now")
    ),
    "cert_ends_1": Reason("critical", N_("certificate of {name} ends within a day ({ends})"), N_("renew it now")),
    "cert_ends_7": Reason("high", N_("certificate of {name} ends soon: on {ends}, days left: {days}"), N_("renew it")),
    "cert_ends_14": Reason(
        "medium",
        N_("certificate of {name} ends soon: on {ends}, days left: {days}"),
        N_("see why it was not renewed by itself"),
    ),
    "cert_early": Reason("high", N_("the certificate of {name} holds only from {begins} on"), N_("check the clock")),
    "cert_name": Reason(
        "medium", N_("the certificate of {name} is for {names}: mail programs warn"), N_("get one that names {host}")
    ),
    "cert_name_smtp": Reason("info", N_("the certificate of {name} is for {names}"), N_("get one that names {host}")),
    "cert_untrusted": Reason(
        "medium",
        N_("nobody vouches for the certificate of {name} ({why}): mail programs warn"),
        N_("send the whole chain"),
    ),
    "tls_none": Reason("medium", N_("port {port} of {subject} offers no encryption"), N_("set up TLS there")),
    "tls_old": Reason(
        "low", N_("port {port} of {subject} still takes TLS 1.0 or 1.1"), N_("allow TLS 1.2 and newer alone")
    ),
    "tls_unknown": Reason("info", N_("whether old versions are taken cannot be asked from this machine")),
    # what our own server asks
    "settings_no_limits": Reason(
        "low",
        N_("Postfix does not limit what one client tries"),
        N_("set {should}, or more for a big office"),
    ),
    "settings_plaintext": Reason("medium", N_("passwords are taken without encryption ({now})"), N_("set {should}")),
    "settings_log_detail": Reason(
        "low", N_("Dovecot does not log why logins fail ({now}): guessing is hard to see"), N_("set {should}")
    ),
    "smarthost": Reason(
        "info",
        N_("all mail leaves through {host}: lists are not asked about our own addresses, which receivers do not see"),
    ),
    "lists_dead": Reason(
        "medium",
        N_("{file} asks a dead list: {zone}, which ended ({ends}), costs time at each message"),
        N_("take {zone} out"),
    ),
    "lists_dead_all": Reason(
        "high",
        N_("all mail is refused by a dead list: {file} asks {zone}, which lists the whole world"),
        N_("take {zone} out"),
    ),
    "lists_unfiltered": Reason(
        "high",
        N_("each answer of {zone} counts as listed ({file}), also “you may not ask”: then all mail is refused"),
        N_("write it as {should}"),
    ),
}

_WHYS: dict[str, str] = {  # why a probe was told nothing, or nothing that it can use
    "certificate": N_("its certificate is not accepted"),
    "formerr": N_("the name server does not understand the question"),
    "loop": N_("its names lead in a circle"),
    "no address": N_("it has no address"),
    "no resolver": N_("this machine names no resolver"),
    "no starttls": N_("no encryption is offered"),
    "no valid name": N_("it is no valid name"),
    "nonsense": N_("the answer cannot be read"),
    "not allowed": N_("the name server refuses to answer"),
    "notimp": N_("the name server does not understand the question"),
    "refused": N_("the connection is refused"),
    "servfail": N_("the name server reports a failure"),
    "stopped": N_("it was stopped before the answer came"),
    "timeout": N_("no answer in time"),
    "tls": N_("encryption fails"),
    "too big": N_("the answer is too big"),
    "unreachable": N_("it cannot be reached"),
}
_WITH_MORE = ("certificate", "tls")  # behind which stands what OpenSSL says


def in_words(values: Mapping[str, object], tongue: Translator) -> dict[str, object]:
    """Give what fills the sentences about an outcome, with why something failed in the reader's language."""
    if "why" not in values:
        return dict(values)
    why = str(values["why"])
    word, _, more = why.partition(" ")
    if why in _WHYS:
        said = tongue.gettext(_WHYS[why])
    elif word in _WITH_MORE:
        parts = {"name": tongue.gettext(_WHYS[word]), "says": tongue.worded(heard(more))}
        said = tongue.say(N_("{name}: {says}"), parts)
    else:
        said = tongue.worded(heard(why))
    return {**values, "why": said}


def severity_of(state: str, reason: str) -> str:
    """Give how bad a state is; what is not wrong is at most worth knowing."""
    return REASONS[reason].severity if state == "wrong" and reason in REASONS else "info"
