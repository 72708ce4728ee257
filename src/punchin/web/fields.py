"""Fields of a request in JSON: what each may hold, said once, for checking and for the form schema alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from punchin.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Kind = Literal["string", "number", "integer", "boolean", "array"]
_A = {"string": "a string", "number": "a number", "integer": "a whole number", "boolean": "true or false"}


class FieldError(CallerError):
    """A field of the request cannot be used; the message names it, its value, and what would work."""

    code = "invalid_field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field.

    Attributes:
        name: as in the request.
        kind: its JSON type.
        description: for people.
        required: whether it must be there; null and "" count as absent.
        default: what an absent one means, for the form schema.
        least, most: bounds of a number, both allowed.
        choices: the only texts allowed.
        longest: the most characters of a text.
        form: keys of the form schema beside these, as the hosted API's page reads them.
    """

    name: str
    kind: Kind
    description: str = ""
    required: bool = False
    default: Any = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    longest: int | None = None
    form: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def read(self, body: Mapping[str, Any], *, within: str = "") -> Any:
        """The value, or None if it is absent.

        Args:
            body: the object that has the field.
            within: where that object is, as in `edits[2].`, for the message.

        Raises:
            FieldError: it is missing, of another type, or out of range.
        """
        value = body.get(self.name)
        called = f'field "{within}{self.name}"'
        if value is None or (self.required and isinstance(value, str) and not value.strip()):
            if self.required:
                raise FieldError(f"{called} is required; give {self.wanted}")
            return None
        checked = self._typed(value)
        if checked is None or not self._allowed(checked):
            raise FieldError(f"{called} must be {self.wanted}, not {shown(value)}")
        return checked

    @property
    def wanted(self) -> str:
        """What would work, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        words = _A.get(self.kind, "a list")
        if self.least is not None and self.most is not None:
            return f"{words} from {self.least:.12g} to {self.most:.12g}"
        return words + (f" of at most {self.longest} characters" if self.longest else "")

    def schema(self) -> dict[str, Any]:
        """It as JSON Schema."""
        found: dict[str, Any] = {"type": self.kind, "description": self.description}
        if self.choices:
            found["enum"] = list(self.choices)
        for name, value in (("minimum", self.least), ("maximum", self.most), ("maxLength", self.longest)):
            if value is not None:
                found[name] = int(value) if value == int(value) else value
        if self.default is not None:
            found["default"] = self.default
        if self.required and self.kind == "string":
            # Not only spaces: a text of these is as good as absent.
            found |= {"minLength": 1, "pattern": r"\S"}
        return found | dict(self.form)

    def _typed(self, value: Any) -> Any:
        """The value in its type, or None; `42.0` is a whole number, "42" and true are none."""
        match self.kind:
            case "string":
                return value if isinstance(value, str) else None
            case "boolean":
                return value if isinstance(value, bool) else None
            case "array":
                return cast("list[Any]", value) if isinstance(value, list) else None
            case "number":
                return _number(value)
            case "integer":
                number = _number(value)
                return int(number) if number is not None and number == int(number) else None

    def _allowed(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices
        if isinstance(value, str):
            return self.longest is None or len(value) <= self.longest
        if self.kind in {"number", "integer"}:
            return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        return True


def shown(value: Any) -> str:
    """A value as in JSON, cut short."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:77]}..."


def object_schema(fields: Iterable[Field]) -> dict[str, Any]:
    """The JSON Schema of an object with these fields; others are ignored."""
    fields = list(fields)
    found: dict[str, Any] = {"type": "object", "properties": {each.name: each.schema() for each in fields}}
    if required := [each.name for each in fields if each.required]:
        found["required"] = required
    return found


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None
