"""Read the condition of a plain Sigma rule: which events it looks at."""

from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from mailwarden.alerts.rulebook.condition import ConditionError, compile_condition
from mailwarden.alerts.rulebook.rule_documents import RuleDocuments, RuleFault, told
from mailwarden.alerts.rulebook.sigma_tree import tree_of
from mailwarden.alerts.rulebook.sigma_words import adapt, module_of
from mailwarden.alerts.rulebook.tree import All, Node, Test, actions_of, fields_of, words_of
from mailwarden.alerts.words.escape import printable
from mailwarden.parsers.errors import WrongValueError, coded, worded

__all__ = ["condition_of"]


def condition_of(rule: SigmaRule, documents: RuleDocuments) -> tuple[Node, frozenset[str]]:
    """Read the condition of a plain rule; give it with the event actions that can pass it (empty: any).

    Raises:
        RuleFault: It asks for what we do not evaluate.
    """
    at = documents.at(rule, "detection")
    source = rule.logsource
    try:
        module = module_of(source.product, source.service, source.category)
    except WrongValueError as error:
        raise RuleFault(error.said, documents.at(rule, "logsource")) from None
    try:
        parsed = rule.detection.parsed_condition
        if len(parsed) != 1:
            said = coded("MW3206", "several conditions in one rule are not supported; write one rule for each")
            raise RuleFault(said, (*at, "condition"))
        adapted = adapt(parsed[0].parsed)
    except (SigmaError, RecursionError) as error:
        raise RuleFault(told(error), (*at, "condition"), _mend(rule)) from None
    try:
        tree = tree_of(adapted)
        compile_condition(tree)  # a pattern may be none
    except ConditionError as error:
        raise RuleFault(error.said, at) from None
    for name in fields_of(tree):
        documents.use(rule, name)
    for word in words_of(tree, "event.action"):
        documents.ensure_word(rule, "event.action", word)
    actions = frozenset(actions_of(tree))
    return (tree if module is None else All((tree, Test("event.module", "text", module)))), actions


def _mend(rule: SigmaRule) -> str:
    """Say what a condition may name: most faults of one are a name that was spelled otherwise where it is defined."""
    names = ", ".join(f'"{printable(name)}"' for name in rule.detection.detections)
    return worded("Its detection defines {names}: name these in the condition, or define what it names.", names=names)
