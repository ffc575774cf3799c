"""The language of prompts: Jinja, cut down to what a prompt needs, for a run's prompts may come out of a stranger's folder.

A prompt reads the fields of the values it is given, chooses, goes through lists and joins texts. It cannot call anything that was not offered,
multiply, define or include, and its loops and its length are bounded, so that no prompt can hold up a run or fill the memory.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from types import CodeType
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sim.core.errors import InputError

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.runtime import Context

LONGEST = 32_000_000
"""Characters of one prompt; no model reads as many."""
ROUNDS = 200_000
"""Times that the loops of one prompt may go round, all together."""

SECONDS = 10.0
"""Of processor time that the loops of one prompt may take."""

_METHODS = ("items", "isoformat")
"""What may be called of a dictionary or a date; the likes of `str.format` read fields by themselves."""
_PARTS = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.Name,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.If,
    nodes.CondExpr,
    nodes.For,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Add,
    nodes.Concat,
    nodes.Neg,
    nodes.Tuple,
    nodes.List,
    nodes.Filter,
    nodes.Test,
    nodes.Call,
    nodes.Keyword,
)
"""What a prompt may be made of."""
_FILTERS = ("length", "lower", "upper", "trim", "first", "last")
"""Jinja's own filters that make nothing longer than it was."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Compiles prompts and renders them within bounds.

    Args:
        offered: functions that prompts may call, by name.
        filters: functions that prompts may use after a bar, beside `join` and a few of Jinja's own.
        values: what every prompt can read.
    """

    def __init__(
        self, *, offered: Mapping[str, Callable[..., object]], filters: Mapping[str, Callable[..., object]], values: Mapping[str, object]
    ) -> None:
        super().__init__(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        kept = {name: self.filters[name] for name in _FILTERS}
        self.filters.clear()
        self.filters.update(kept, join=_joined, each=self._each, **filters)
        self.globals.clear()
        self.globals.update(offered, **values)
        self._offered = tuple(offered.values())
        self._rounds = 0
        self._until = 0.0

    def getattr(self, obj: object, attribute: str) -> object:
        """A field of `obj`; none that begins with an underscore."""
        if attribute[:1] == "_":
            return self.unsafe_undefined(obj, attribute)
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return self.undefined(obj=obj, name=attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """What `obj` gives. What is offered asks for nothing of the template's, so that nothing of it has to be looked at."""
        if obj in self._offered:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def is_safe_callable(self, obj: object) -> bool:
        """What is offered, and two methods of plain values."""
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        return obj in self._offered or (isinstance(owner, dict | dt.date) and name in _METHODS)

    def read(self, name: str, text: str) -> Template:
        """The prompt called `name`, ready to be rendered.

        Raises:
            InputError: it is not a template, or holds what no prompt may hold.
        """
        key = text, tuple(self.filters)
        code = _CODE.get(key)
        if code is None:
            code = self._check(name, text)
            if len(_CODE) < _KEPT:
                _CODE[key] = code
        return self.template_class.from_code(self, code, self.globals)

    def _check(self, name: str, text: str) -> CodeType:
        where = f"prompt {name}.txt"
        try:
            tree = self.parse(text)
            for node in _below(tree):
                if not isinstance(node, _PARTS) or (isinstance(node, nodes.For) and node.recursive):
                    raise InputError(f"uses Jinja's {type(node).__name__}, which no prompt may", where=where, mend="take it out")
                if isinstance(node, nodes.For):
                    node.iter = nodes.Filter(node.iter, "each", [], [], None, None, lineno=node.lineno, environment=self)
            return self.compile(tree)
        except (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError) as e:
            raise InputError(f"is not a template: {e}", where=where, mend="close every brace that is opened") from None

    def fill(self, template: Template, values: dict[str, object]) -> str:
        """`template` with `values` put in.

        Raises:
            TemplateError: a name is unknown, or a bound is reached.
        """
        self._rounds, self._until = 0, time.thread_time() + SECONDS
        pieces: list[str] = []
        length = 0
        for piece in template.root_render_func(template.new_context(values)):
            pieces.append(piece)
            length += len(piece)
            if length > LONGEST:
                raise SecurityError(f"it is longer than {LONGEST:,} characters")
        return "".join(pieces)

    @pass_context
    def _each(self, context: object, values: Iterable[object]) -> Iterable[object]:
        """What a loop goes through. The context is not needed: a filter that asks for it is never computed while a prompt is compiled."""
        if isinstance(values, str) or not isinstance(values, Sized):
            raise SecurityError("a loop goes through a list, not through the letters of a text")
        self._rounds += len(values)
        if self._rounds > ROUNDS or (self._rounds > _FEW and time.thread_time() > self._until):
            raise SecurityError("its loops do not come to an end")
        return values


_CODE: dict[tuple[str, tuple[str, ...]], CodeType] = {}
"""Of prompts that were read before in this process, by text and the filters they may use: a run reads its prompts several times, and compiling them
takes longer than a short trial."""
_KEPT = 1_000
"""Prompts at most."""
_FEW = 1_000
"""Rounds up to which the time is not looked at."""


def _below(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _below(child)


def _joined(values: Iterable[object], between: str = "") -> str:
    """The texts of a list, joined; letters of a text are no list, or a few words of template could grow without end."""
    if isinstance(values, str):
        raise SecurityError("a list is joined, not the letters of a text")
    texts = [str(value) for value in values]
    if sum(map(len, texts)) + len(texts) * len(between) > LONGEST:
        raise SecurityError(f"it is longer than {LONGEST:,} characters")
    return between.join(texts)
