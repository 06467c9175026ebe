"""Turn a condition as pySigma parsed it into what we ask of events; what we do not evaluate is refused by name."""

from typing import Any

from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from mailwarden.alerts.rulebook.condition import ConditionError
from mailwarden.alerts.rulebook.tree import All, Either, Kind, Node, Not, Test, either
from mailwarden.parsers.errors import coded

__all__ = ["tree_of"]

_OPERATORS: dict[Any, Kind] = {
    CompareOperators.LT: "<",
    CompareOperators.LTE: "<=",
    CompareOperators.GT: ">",
    CompareOperators.GTE: ">=",
}
_PIECES: dict[Any, bool | None] = {SpecialChars.WILDCARD_MULTI: None, SpecialChars.WILDCARD_SINGLE: True}


def tree_of(node: Any) -> Node:
    """Read a parsed Sigma condition.

    Raises:
        ConditionError: It asks for something that is not supported.
    """
    if isinstance(node, ConditionAND):
        return All(tuple(tree_of(child) for child in node.args))
    if isinstance(node, ConditionOR):
        return Either(tuple(tree_of(child) for child in node.args))
    if isinstance(node, ConditionNOT):
        return Not(tree_of(node.args[0]))
    if isinstance(node, ConditionFieldEqualsValueExpression):
        return _test(str(node.field), node.value)
    raise ConditionError(coded("MW3207", "a selection has no values that could be looked for"))


def _test(field: str, value: Any) -> Node:
    if isinstance(value, SigmaExpansion):  # what `windash` and `base64offset` make of one value: either of them
        return either([_test(field, one) for one in value.values])
    if isinstance(value, SigmaFieldReference | SigmaTimestampPart):
        modifier = "fieldref" if isinstance(value, SigmaFieldReference) else value.timestamp_part.name.lower()
        raise ConditionError(coded("MW3206", "{field}|{modifier} is not supported", field=field, modifier=modifier))
    if isinstance(value, SigmaNull):
        return Test(field, "null")
    if isinstance(value, SigmaExists):
        return Test(field, "exists", bool(value))
    if isinstance(value, SigmaBool):
        return Test(field, "bool", bool(value.boolean))
    if isinstance(value, SigmaNumber):
        return Test(field, "number", value.number)
    if isinstance(value, SigmaCompareExpression):
        return Test(field, _OPERATORS[value.op], value.number.number)
    if isinstance(value, SigmaRegularExpression):
        return Test(field, "re", str(value.regexp))
    if isinstance(value, SigmaCIDRExpression):
        return Test(field, "network", str(value.network))
    return _text(field, value)


def _text(field: str, value: Any) -> Test:
    if isinstance(value, SigmaString) and value.contains_placeholder():
        raise ConditionError(
            coded(
                "MW3206", "{field}|expand is not supported: write the names themselves, not a placeholder", field=field
            )
        )
    if isinstance(value, SigmaCasedString):
        raise ConditionError(
            coded("MW3206", "{field}|cased is not supported: names are compared without regard to case", field=field)
        )
    if not isinstance(value, SigmaString):
        raise ConditionError(
            coded(
                "MW3206", "{field}: a value of the kind {kind} is not supported", field=field, kind=type(value).__name__
            )
        )
    if not value.contains_special():
        return Test(field, "text", str(value))
    return Test(field, "like", [_PIECES[part] if part in _PIECES else str(part) for part in value.s])
