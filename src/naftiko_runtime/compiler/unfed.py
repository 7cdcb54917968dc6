"""What feeds the needs that ``with`` does not: inputs, variables, defaults (language.md 10.5)."""

from collections.abc import Mapping
from dataclasses import replace

from naftiko_runtime.compiler.base_uri import unset
from naftiko_runtime.compiler.fields import CREDENTIAL_HEADERS
from naftiko_runtime.compiler.needs import DERIVED, Need
from naftiko_runtime.compiler.templates import member_path
from naftiko_runtime.compiler.with_values import Link, with_value
from naftiko_runtime.expressions.reference import (
    MISSING,
    Expression,
    FromInput,
    FromVariable,
    Literal,
    Member,
)
from naftiko_runtime.plan.upstream import CallerBody, UrlHole


def unfed(link: Link, need: Need) -> Expression:
    """Return the argument of a need that ``with`` does not feed; raise ``Unresolved`` (3.9)."""
    caller = link.caller
    if need.kind == "whole" and not _takes_body(link):
        return MISSING
    known = caller.drafts.find(need.name, need.place)
    if known is not None and need.source in (None, "path"):
        known.feed(need, embedded=need.embedded)
        return caller.drafts.expression(known)
    return _member_of_known(link, need) or need.fallback or _from_environment(link, need)


def _from_environment(link: Link, need: Need) -> Expression:
    if not need.environment:
        return _derived_or_default(link, need)
    variables, label = link.caller.world.variables, link.consumed.label
    return FromVariable(variables.undeclared(need.name, need.place, label))


def _takes_body(link: Link) -> bool:
    """Tell whether the caller's whole body is offered to this operation (5.9)."""
    derived = link.consumed.derived_body
    replaced = not isinstance(link.operation.body, CallerBody) and derived
    return not replaced and (link.body_offered or not derived)


def _member_of_known(link: Link, need: Need) -> Expression | None:
    """Return a member of a ``with`` entry, an input, or a step by a dotted name (3.7)."""
    first, dot, rest = need.name.partition(".")
    if not dot:
        return None
    if first in link.entries.values:
        base = with_value(link, first, link.entries.values[first], None)
        return Member(base, member_path(rest))
    known = link.caller.drafts.find(first, need.place)
    if known is not None:
        known.feed(None, embedded=need.embedded)
        return Member(link.caller.drafts.expression(known), member_path(rest))
    if first in link.caller.steps:
        return link.caller.value(f"$.{need.name}", need.place)
    return None


def _derived_or_default(link: Link, need: Need) -> Expression:
    caller = link.caller
    if need.kind == "base":
        return unset(caller.world, link.consumed.namespace, need.name, need.place)
    if need.kind in DERIVED and _is_derived(link, need):
        return _derive(link, need)
    if need.parameter is not None and need.parameter.has("default"):
        return Literal(need.parameter.default)
    if need.kind in DERIVED:
        return MISSING
    message = (
        f"{caller.label}: {{{{{need.name}}}}} of {link.consumed.label} is no variable, "
        "input or step"
    )
    raise caller.world.around.unresolved("template/unresolved", need.place, message)


def _is_derived(link: Link, need: Need) -> bool:
    if need.kind == "header" and need.name.lower() in CREDENTIAL_HEADERS:
        return False
    return link.derives_optional or not need.optional_parameter


def _derive(link: Link, need: Need) -> Expression:
    drafts = link.caller.drafts
    if need.parameter is not None and need.parameter.required is True:
        message = (
            f"{link.caller.label}: with does not feed {need.name!r} of {link.consumed.label}, "
            "so callers must give it"
        )
        link.caller.world.found.add("lint/required-unfed", link.entries.place, message)
    if need.kind == "whole":
        draft = drafts.reference(need.name, need.place, "body")
        draft.whole = True
    elif need.share == "value":
        draft = drafts.body(need.place)
    else:
        draft = drafts.reference(need.name, need.place, need.source)
    draft.feed(need, embedded=need.embedded)
    return drafts.expression(draft)


def fill_base(link: Link) -> None:
    """Let a base URI's placeholder take only what may stand there (4.3)."""
    base_needs = {need.name: need for need in link.consumed.needs if need.kind == "base"}
    if not base_needs:
        return
    pieces = []
    for piece in link.operation.upstream.base:
        need = _base_need(base_needs, piece)
        pieces.append(piece if need is None else _base_hole(link, need))
    upstream = replace(link.operation.upstream, base=tuple(pieces))
    link.operation = replace(link.operation, upstream=upstream)


def _base_need(needs: Mapping[str, Need], piece: str | UrlHole) -> Need | None:
    if isinstance(piece, str) or not isinstance(piece.value, FromInput):
        return None
    return needs.get(piece.name)


def _base_hole(link: Link, need: Need) -> UrlHole:
    value = link.arguments.pop(need.name)
    if isinstance(value, Literal | FromVariable):
        # written by the author or the operator, not by a caller
        return UrlHole(need.name, value, "verbatim")
    if need.mode is None:
        value = unset(link.caller.world, link.consumed.namespace, need.name, need.place)
        return UrlHole(need.name, value, "verbatim")
    link.arguments[need.name] = value
    return UrlHole(need.name, FromInput(need.name), need.mode)
