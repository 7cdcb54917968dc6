"""Links a call: where each argument of the consumed operation comes from (language.md 10.3)."""

from naftiko_runtime.compiler.caller import Caller
from naftiko_runtime.compiler.consumes import Consumed
from naftiko_runtime.compiler.needs import Need
from naftiko_runtime.compiler.undeclared import send_unmatched
from naftiko_runtime.compiler.unfed import fill_base, unfed
from naftiko_runtime.compiler.with_values import Link, WithEntries, with_value
from naftiko_runtime.names import matching
from naftiko_runtime.plan.function import Call
from naftiko_runtime.values import Json


def link_call(
    caller: Caller,
    consumed: Consumed,
    entries: WithEntries,
    *,
    offers_body: bool,
    credentials: frozenset[str] = frozenset(),
) -> Call:
    """Return a linked call; derives the inputs it needs (10.5); raises ``Unresolved``.

    ``offers_body``: a derived whole body is taken from the caller (5.9). ``credentials`` are the
    names under which the caller presents its credentials to this adapter (6.3).
    """
    operation = consumed.operation
    assert operation is not None  # noqa: S101 -- whoever has a problem is not linked
    keys = {need: key for key, need in _targets(consumed, entries).items()}
    link = Link(
        caller,
        consumed,
        entries,
        operation,
        {},
        keys,
        offers_body,
        not caller.drafts.declares,
        credentials,
    )
    _with_arguments(link)
    for name in consumed.ignored & caller.drafts.declared.keys():
        caller.drafts.declared[name].owned = True
    for need in consumed.needs:
        if need.name not in link.arguments:
            link.arguments[need.name] = unfed(link, need)
    fill_base(link)
    return Call(link.operation, link.arguments)


def _targets(consumed: Consumed, entries: WithEntries) -> dict[str, str]:
    """Return with keys → the needs they feed: exact names first, then spelled ones (3.8, 4.19)."""
    names = [need.name for need in consumed.needs]
    targets = {key: key for key in entries.values if key in names}
    free = [name for name in names if name not in targets]
    for key in entries.values:
        if key in targets or key in consumed.ignored or key in consumed.members:
            continue
        match = matching(key, free)
        if match is not None:
            targets[key] = match
        elif key == "body" and "requestBody" in names:
            targets[key] = "requestBody"
    return targets


def _with_arguments(link: Link) -> None:
    """Link every ``with`` entry in written order, so that inputs are derived in that order."""
    needs = {need.name: need for need in link.consumed.needs}
    by_key = {key: name for name, key in link.fed.items()}
    for key, value in link.entries.values.items():
        if key in link.consumed.ignored and key not in by_key:
            _disown(link, value)
            continue
        if key in by_key:
            _feed(link, key, needs[by_key[key]], value)
        else:
            send_unmatched(link, key, value)


def _disown(link: Link, value: Json) -> None:
    """Take an input out of the schema whose ``with`` entry has no effect (4.12, 6.2)."""
    name = link.caller.world.around.input_name(value) if isinstance(value, str) else None
    declared = link.caller.drafts.declared.get(name.name) if name is not None else None
    if declared is not None:
        declared.owned = True


def _feed(link: Link, key: str, need: Need, value: Json) -> None:
    place = link.entries.at(key)
    if key != need.name:
        message = f"{link.caller.label}: with {key!r} feeds {need.name!r} of {link.consumed.label}"
        link.caller.world.found.add("dialect/spelling", place, message)
    link.arguments[need.name] = with_value(link, key, value, need)
