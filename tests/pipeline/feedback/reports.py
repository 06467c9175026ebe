"""Reports of the three kinds, as others send them."""

import io
import zipfile
from email.message import EmailMessage

__all__ = ["COMPLAINT", "DMARC", "TLS", "mailed", "nested", "zipped"]

DMARC = """<?xml version="1.0"?>
<feedback>
 <report_metadata><org_name>google.com</org_name><report_id>77</report_id></report_metadata>
 <policy_published><domain>example.org</domain><p>none</p></policy_published>
 <record><row><source_ip>192.0.2.25</source_ip><count>40</count>
  <policy_evaluated><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row></record>
 <record><row><source_ip>203.0.113.9</source_ip><count>7</count>
  <policy_evaluated><dkim>fail</dkim><spf>fail</spf></policy_evaluated></row></record>
</feedback>
"""
TLS = {
    "organization-name": "Example Mail",
    "report-id": "t1",
    "policies": [
        {
            "policy": {"policy-domain": "example.org", "policy-type": "sts"},
            "summary": {"total-successful-session-count": 90, "total-failure-session-count": 3},
        }
    ],
}
COMPLAINT = """From: staff@hotmail.com
To: abuse@example.org
Message-ID: <1@hotmail.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is a complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Hotmail FBL
Version: 0.1
Original-Mail-From: <news@example.org>
Source-IP: 192.0.2.25

--b--
"""


def nested(depth: int) -> bytes:
    """Make a mail of parts within parts."""
    parts = (f'Content-Type: multipart/mixed; boundary="b{number}"\n\n--b{number}\n' for number in range(depth))
    return "".join(parts).encode()


def zipped(method: int = zipfile.ZIP_DEFLATED, /, **files: bytes) -> bytes:
    """Make a zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def mailed(data: bytes, kind: str = "gzip") -> bytes:
    """Make a mail that brings a report."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "r@example.net", "d@example.org", "Report domain: example.org"
    message.set_content("see there")
    message.add_attachment(data, maintype="application", subtype=kind, filename="r.gz")
    return message.as_bytes()
