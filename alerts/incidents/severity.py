"""The shape and the word for each severity, in whatever people see."""

from mailwarden.alerts.words.translate import N_, Translator

__all__ = ["SEVERITY_WORDS", "severity_shape", "severity_word"]

_SHAPES = {"critical": "●", "high": "▲", "medium": "▲", "low": "■", "info": "■"}
SEVERITY_WORDS = {
    "critical": N_("CRITICAL"),
    "high": N_("HIGH"),
    "medium": N_("MEDIUM"),
    "low": N_("MINOR"),
    "info": N_("MINOR"),
}


def severity_shape(severity: str) -> str:
    """Give the shape that stands for a severity, since colour alone must not: ● critical, ▲ to watch, ■ minor."""
    return _SHAPES.get(severity, "■")


def severity_word(severity: str, tongue: Translator) -> str:
    """Give the word for a severity."""
    return tongue.gettext(SEVERITY_WORDS.get(severity, "MINOR"))
