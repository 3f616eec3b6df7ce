"""What the Messages API refuses of a request, as the simulated Claude does too.

Read in Anthropic's documentation of November 2026; the sentences are close to the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

INVALID: Final = "invalid_request_error"
PARAMETERS: Final = frozenset(
    (
        *("model", "messages", "max_tokens", "system", "stream", "thinking", "output_config"),
        *("metadata", "stop_sequences", "tools", "tool_choice", "service_tier", "cache_control"),
        *("container", "context_management", "inference_geo"),
    )
)
EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")
BOUNDS: Final = frozenset(
    (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    )
)
LONGEST_ANSWER: Final = 128_000


@dataclass(frozen=True, slots=True)
class Traits:
    """How a model thinks: what of ``thinking.type`` it accepts, and whether it does unasked."""

    accepts: frozenset[str]
    thinks: bool
    effort: str = "high"


_CURRENT: Final = Traits(frozenset(("adaptive", "disabled")), thinks=True)
_OLD: Final = Traits(frozenset(("adaptive", "disabled")), thinks=False)
_ALWAYS: Final = Traits(frozenset(("adaptive",)), thinks=True)
_OLDEST: Final = Traits(frozenset(("adaptive", "disabled", "enabled")), thinks=False)

MODELS: Final[Mapping[str, Traits]] = {
    "claude-haiku-5-5": Traits(_CURRENT.accepts, thinks=True, effort="medium"),
    "claude-sonnet-5-5": Traits(frozenset(("adaptive", "between_tools")), thinks=True),
    "claude-opus-5-5": Traits(_ALWAYS.accepts, thinks=True, effort="medium"),
    "claude-fable-5-2": _ALWAYS,
    "claude-fable-5-1": _ALWAYS,
    "claude-opus-5": _CURRENT,
    "claude-sonnet-5": _CURRENT,
    "claude-opus-4-8": _OLD,
    "claude-opus-4-7": _OLD,
    "claude-opus-4-6": _OLDEST,
    "claude-sonnet-4-6": _OLDEST,
    "claude-haiku-4-5": Traits(frozenset(("disabled", "enabled")), thinks=False),
}


def refusals(body: Mapping[str, Json]) -> Iterator[tuple[int, str, str]]:
    """Yield status, type and sentence for each thing that is wrong with a request."""
    for name in sorted(body.keys() - PARAMETERS):
        yield 400, INVALID, f"{name}: Extra inputs are not permitted"
    for name in ("model", "messages", "max_tokens"):
        if name not in body:
            yield 400, INVALID, f"{name}: Field required"
            return
    model = body["model"]
    if model not in MODELS:
        yield 404, "not_found_error", f"model: {model}"
        return
    room = body["max_tokens"]
    if not isinstance(room, int) or not 0 < room <= LONGEST_ANSWER:
        yield 400, INVALID, f"max_tokens: {room} is not within 1 and {LONGEST_ANSWER}"
    yield from ((400, INVALID, wrong) for wrong in _conversation(body))
    yield from ((400, INVALID, wrong) for wrong in _thinking(body, MODELS[str(model)]))
    yield from ((400, INVALID, wrong) for wrong in _output_config(body.get("output_config")))


def _conversation(body: Mapping[str, Json]) -> Iterator[str]:
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    last = messages[-1]
    if isinstance(last, dict) and last.get("role") == "assistant":
        yield "This model does not support assistant message prefill."
    for message in messages:
        if isinstance(message, dict) and not message.get("content"):
            yield "messages: all messages must have non-empty content"
    system = body.get("system", [])
    for block in system if isinstance(system, list) else []:
        if not isinstance(block, dict) or not block.get("text"):
            yield "system: text content blocks must be non-empty"


def _thinking(body: Mapping[str, Json], traits: Traits) -> Iterator[str]:
    thinking = body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type") if isinstance(thinking, dict) else thinking
    if kind not in traits.accepts:
        yield (
            f'"thinking.type.{kind}" is not supported for this model. Use "thinking.type.adaptive"'
            ' and "output_config.effort" to control thinking behavior.'
        )
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, dict) else None
    if kind in {"disabled", "between_tools"} and effort in {"xhigh", "max"}:
        yield f'"thinking.type.{kind}" is not supported with effort {effort}.'


def _output_config(config: Json) -> Iterator[str]:
    if config is None:
        return
    if not isinstance(config, dict):
        yield "output_config: Input should be an object"
        return
    if config.get("effort") not in {None, *EFFORTS}:
        yield f"output_config.effort: Input should be one of {', '.join(EFFORTS)}"
    form = config.get("format")
    if isinstance(form, dict):
        if form.get("type") != "json_schema":
            yield "output_config.format.type: Input should be 'json_schema'"
        yield from _schema(form.get("schema"), "output_config.format.schema")


def _schema(schema: Json, where: str) -> Iterator[str]:
    if not isinstance(schema, dict):
        yield f"{where}: Input should be an object"
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    for bound in sorted(BOUNDS & schema.keys()):
        yield f"{where}: For '{schema.get('type')}' type, property '{bound}' is not supported"
    fewest = schema.get("minItems")
    if isinstance(fewest, int) and fewest > 1:
        yield f"{where}: 'minItems' values other than 0 or 1 are not supported"
    parts = schema.get("properties")
    for name, part in parts.items() if isinstance(parts, dict) else ():
        yield from _schema(part, f"{where}.properties.{name}")
    if "items" in schema:
        yield from _schema(schema["items"], f"{where}.items")
