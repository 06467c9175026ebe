"""Compile Sigma rules for a stream.

A rule file holds Sigma documents: the events a rule looks at and, where it counts, correlations over them. The one that
no other names is the finding; its `mailwarden:` key says what an incident needs to know. What we do not evaluate is
refused when the rule is loaded, with the file, the line, the feature and the mend.
"""

import stat
from pathlib import Path

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from yaml import MarkedYAMLError, YAMLError

from mailwarden.alerts.rulebook.counting import counts_of, order_us
from mailwarden.alerts.rulebook.declaration import declared
from mailwarden.alerts.rulebook.plain_rule import condition_of
from mailwarden.alerts.rulebook.plan import CountPlan, Plan, built
from mailwarden.alerts.rulebook.rule import Rule, RuleSettings
from mailwarden.alerts.rulebook.rule_documents import RuleDocuments, RuleFault
from mailwarden.alerts.rulebook.rule_files import MOST_BYTES
from mailwarden.alerts.rulebook.rule_lines import RuleLines
from mailwarden.alerts.rulebook.sigma_words import adopted
from mailwarden.alerts.rulebook.tree import Node
from mailwarden.alerts.words.escape import printable
from mailwarden.alerts.words.library_words import heard
from mailwarden.parsers.errors import Coded, ConfigurationError, changed, coded, worded
from mailwarden.parsers.system_errors import reason

__all__ = ["compile_file", "read_plan"]


def compile_file(path: Path, settings: RuleSettings | None = None, fields: frozenset[str] | None = None) -> Rule | None:
    """Compile one rule file; None where the configuration switches it off.

    Raises:
        ConfigurationError: The file is no valid rule, or uses what is not supported.
    """
    settings = settings or RuleSettings()
    return built(read_plan(path, fields), str(path), settings) if settings.enabled else None


def read_plan(path: Path, fields: frozenset[str] | None = None) -> Plan:
    """Read one rule file.

    Raises:
        ConfigurationError: The file is no valid rule, or uses what is not supported.
    """
    lines = None
    try:
        _ensure_file(path)
        lines = RuleLines(path.read_text(encoding="utf-8-sig"))
        return _plan(path, lines, fields)
    except RuleFault as fault:
        line = lines.line(fault.place) if lines is not None else 1
        said = changed(fault.said, printable)
        raise ConfigurationError(
            [coded(fault.said.code, "{path}:{line}: {said}. {mend}", path=path, line=line, said=said, mend=fault.mend)]
        ) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError([_no_yaml(path, line, heard(error.problem or error.context))]) from None
    except UnicodeDecodeError as error:
        said = coded(
            "MW3102",
            "{path}:1: is not UTF-8 text (byte {start}). Save it as UTF-8, or remove it.",
            path=path,
            start=error.start,
        )
        raise ConfigurationError([said]) from None
    except YAMLError as error:
        line = path.read_text(encoding="utf-8").count("\n", 0, getattr(error, "position", 0)) + 1
        held = worded("holds a character that YAML does not allow")
        raise ConfigurationError([_no_yaml(path, line, held)]) from None
    except RecursionError:
        raise ConfigurationError(
            [coded("MW3103", "{path}:1: is nested too deeply to be read. Mend or remove this file.", path=path)]
        ) from None
    except (SigmaError, ValueError, TypeError, AttributeError, KeyError) as error:
        # a value of a kind, or a depth, that nobody expects: it must not cost the other rules
        raise ConfigurationError(
            [
                coded(
                    "MW3104",
                    "{path}:1: no rule that can be read: {said}. Mend or remove this file.",
                    path=path,
                    said=heard(printable(str(error))[:200]),
                )
            ]
        ) from None
    except OSError as error:
        raise ConfigurationError(
            [
                coded(
                    "MW3101",
                    "{path}: cannot be read: {reason}. Mend or remove this file.",
                    path=path,
                    reason=reason(error),
                )
            ]
        ) from None


def _ensure_file(path: Path) -> None:
    """Refuse what could hang whoever opens it, or never end.

    Raises:
        RuleFault: It is no file, or longer than any rule.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise RuleFault(coded("MW3101", "is no file"), mend=worded("Remove it from the rules."))
    if status.st_size > MOST_BYTES:
        said = coded("MW3103", "is larger than {most} bytes", most=MOST_BYTES)
        raise RuleFault(said, mend=worded("Write less, or several rules."))


def _no_yaml(path: Path, line: int, said: object) -> Coded:
    return coded(
        "MW3102", "{path}:{line}: not YAML: {said}. Mend or remove this file.", path=path, line=line, said=said
    )


def _plan(path: Path, lines: RuleLines, fields: frozenset[str] | None) -> Plan:
    documents = RuleDocuments(lines, fields)
    last = documents.finding
    counts: tuple[CountPlan, ...] = ()
    group_by: list[str] = []
    ordered_us = 0
    condition: Node | None = None
    if isinstance(last, SigmaCorrelationRule):
        counts = counts_of(last, documents)
        ordered_us = order_us(last, documents)
        place = documents.at(last, "correlation", "group-by")
        group_by = [documents.use(last, name, place) for name in last.group_by or ()]
        actions = frozenset().union(*(c.actions for c in counts)) if all(c.actions for c in counts) else frozenset()
    else:
        condition, actions = condition_of(last, documents)
    asks = tuple(dict.fromkeys(documents.used))
    own = dict(last.custom_attributes or {}).get("mailwarden")
    if own is None:
        own = adopted(last, group_by=group_by, fields=documents.used, counts=bool(counts))
    elif not isinstance(own, dict):
        raise RuleFault(
            coded("MW3110", '"mailwarden" holds no settings (cause, category, primary, title, why, advice)'),
            documents.at(last, "mailwarden"),
        )
    detection = declared(path.stem, last, own, counts, documents)
    return Plan(
        detection=detection._replace(span_us=max(detection.span_us, ordered_us)),
        actions=actions,
        condition=condition,
        group_by=tuple(group_by),
        counts=counts,
        weight=documents.use(last, own.get("weight", "mailwarden.attempts"), documents.at(last, "mailwarden")),
        ids=tuple(str(document.id) for document in documents.all if document.id),
        asks=asks,
        order_us=ordered_us,
    )
