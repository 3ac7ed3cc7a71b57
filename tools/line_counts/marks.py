"""A mark before each statement: `__ran__[first + line] = 1`."""

from __future__ import annotations

import ast
from types import CodeType

from tools.line_counts.start import RAN

WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def marked_code(source: str, path: str, first: int) -> CodeType:
    """What `path` compiles to, with marks.

    Args:
        source: text of the file.
        path: name of the file in tracebacks.
        first: byte of the file's line 0 among those of all files.
    """
    tree = ast.parse(source, path)
    _Marks(first).add(tree)
    ast.fix_missing_locations(tree)
    return compile(tree, path, "exec", dont_inherit=True)


class _Marks:
    """Puts marks into the tree of one file, whose line 0 is byte `first`."""

    def __init__(self, first: int) -> None:
        self.first = first

    def add(self, node: ast.AST) -> None:
        """Puts marks before all statements below a node."""
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, self._marked(body, node))
        for handler in getattr(node, "handlers", ()):
            self._mark_type(handler)
            self.add(handler)
        if isinstance(node, ast.Match):
            for case in node.cases:
                self.add(case)
            node.cases = [each for case in node.cases for each in (self._never(case), case)]

    def _marked(self, body: list[ast.stmt], owner: ast.AST) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        held = _head(owner)  # lines that have run where the next statement runs
        for place, statement in enumerate(body):
            self.add(statement)
            held += _lines(statement)
            if not _stays_first(statement, place, owner):
                found.append(self._mark(held, statement))
                held = []
            found.append(statement)
        return found + [self._mark(held, statement) for statement in body[-1:] if held]

    def _mark(self, lines: list[int], near: ast.stmt) -> ast.stmt:
        ran = ast.Name(RAN, ast.Load())
        targets: list[ast.expr] = [
            ast.Subscript(ran, ast.Constant(self.first + line), ast.Store()) for line in lines
        ]
        return ast.copy_location(ast.Assign(targets, ast.Constant(1)), near)

    def _marking(self, line: int) -> ast.expr:
        """An expression that marks a line; its value is None."""
        return ast.parse(f"{RAN}.__setitem__({self.first + line}, 1)", mode="eval").body

    def _mark_type(self, handler: ast.ExceptHandler) -> None:
        """`except X` becomes `except (mark, X)[1]`: the line ran, whatever the error is."""
        if handler.type:
            pair = ast.Tuple([self._marking(handler.lineno), handler.type], ast.Load())
            chosen = ast.Subscript(pair, ast.Constant(1), ast.Load())
            handler.type = ast.copy_location(chosen, handler.type)

    def _never(self, case: ast.match_case) -> ast.match_case:
        """`case _ if mark:` before a case: its line ran, whatever the value is."""
        line = case.pattern.lineno
        pattern = ast.copy_location(ast.MatchAs(), case.pattern)
        return ast.match_case(
            pattern, self._marking(line), [ast.copy_location(ast.Pass(), pattern)]
        )


def _head(owner: ast.AST) -> list[int]:
    """Lines that have run where the first statement below runs."""
    return [owner.lineno] if isinstance(owner, ast.ExceptHandler) else []


def _lines(statement: ast.stmt) -> list[int]:
    """First line of a statement, and those of its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return [*(each.lineno for each in decorators), statement.lineno]


def _stays_first(statement: ast.stmt, place: int, owner: ast.AST) -> bool:
    """Whether nothing may come before it: a docstring, or an import of `__future__`."""
    if isinstance(statement, ast.ImportFrom):
        return statement.module == "__future__"
    value = statement.value if isinstance(statement, ast.Expr) else None
    text = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return text and place == 0 and isinstance(owner, WITH_DOCSTRING)
