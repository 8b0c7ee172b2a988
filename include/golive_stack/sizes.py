"""How long our files and functions are: medians, the longest, and a refusal past the limits."""

import ast
import sys
from collections.abc import Iterator
from statistics import median

from golive_stack.home import REPOSITORY

FOLDERS = ("dags", "include", "plugins", "tests")
FILE_LINES = 300
FUNCTION_LINES = 40
Size = tuple[int, str]
"""Lines, and whose they are."""


def main() -> int:
    """Print the sizes; 1 when a file or a function is too long."""
    paths = [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]
    sources = {path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    files = [(len(text.splitlines()), name) for name, text in sources.items() if text.strip()]
    functions = [size for name, text in sources.items() for size in functions_of(name, text)]
    return max(_judge("file", files, FILE_LINES), _judge("function", functions, FUNCTION_LINES))


def functions_of(name: str, text: str) -> Iterator[Size]:
    """Every function of a source text, from its ``def`` to its last line."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{name}:{node.lineno} {node.name}"


def _judge(kind: str, sizes: list[Size], limit: int) -> int:
    longest, whose = max(sizes)
    print(f"{len(sizes)} {kind}s: median {median(size for size, _ in sizes):g} lines, longest {longest} ({whose})")
    too_long = sorted((size for size in sizes if size[0] > limit), reverse=True)
    for lines, name in too_long:
        print(f"{name}: {lines} lines; a {kind} has at most {limit}")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
