"""What SpamAssassin, with the rules of its package and no network, makes of a mail."""

import email
import email.policy
import subprocess

_ARRIVED = (
    "Received: from mx1.example.org (mx1.example.org [10.0.0.25])\r\n"
    " by mx.example.net with ESMTPS id 4XyZ1;\r\n {date}\r\n"
)


def score(raw: bytes) -> tuple[float, str]:
    """Give the points of a mail, as it lies at its receiver, and the rules that gave them; 5 points are spam."""
    arrived = _ARRIVED.format(date=email.message_from_bytes(raw)["Date"]).encode()
    command = ["spamassassin", "--local", "--test-mode", "--prefspath=/dev/null"]
    command.append("--cf=trusted_networks 127.0.0.1")  # it came from a stranger
    done = subprocess.run(command, input=arrived + raw, capture_output=True, check=True)
    status = email.message_from_bytes(done.stdout, policy=email.policy.default)["X-Spam-Status"]
    points = status.partition("score=")[2].split()[0]
    return float(points), " ".join(status.partition("tests=")[2].split())
