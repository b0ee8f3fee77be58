"""Parsing by the grammar of Python 3.12, line for line, within bounds."""

from __future__ import annotations

import ast
import gc
import time
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.reading.source import parse
from rules.reading.source.grammar import CODE_LIMIT, DEPTH_LIMIT, TEXT_LIMIT
from rules.reading.source.modern import parse_modern
from rules.submission import ProblemKind


def tree_of(code: str) -> ast.Module:
    tree, fault = parse(code)
    assert fault is None, fault
    assert tree is not None
    return tree


def strings_of(tree: ast.AST) -> list[str]:
    return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def names_of(tree: ast.AST) -> dict[str, int]:
    return {n.id: n.lineno for n in ast.walk(tree) if isinstance(n, ast.Name)}


@pytest.mark.parametrize(
    ("modern", "older"),
    [
        ("""f"{a["k"]}" """, """f"{a['k']}" """),
        ("""f'{", ".join(sorted(b[c]))}'""", '''f"{', '.join(sorted(b[c]))}"'''),
        (r"""f"{'\n'.join(a)}" """, """f'''{"""
         '"""\n""".join(a)'
         """}'''"""),
        ("""f"a{f"b{x}"}" """, """f"a{f'b{x}'}" """),
        ("""f"{x["a"]!r:>{w["k"]}}" """, """f"{x['a']!r:>{w['k']}}" """),
        ("""f"{x["a"]:.4f} t:{y:,}" """, """f"{x['a']:.4f} t:{y:,}" """),
        ("""f"{ x["a"] = }" """, """f" x[\\"a\\"] = {x['a']!r}" """),
        ("""f"{x["a"]=:>4}" """, """f"x[\\"a\\"]={x['a']:>4}" """),
        ("""f"{{{x["a"]}}}" """, """f"{{{x['a']}}}" """),
        (r"""f"{x["a"]}\t\N{BULLET}é\\" """, r"""f"{x['a']}\t\N{BULLET}é\\" """),
        (r"""rf"{x["a"]}\t\d" """, r"""rf"{x['a']}\t\d" """),
        ("""f"{x["a"]}" "b" f'c{y}' """, """f"{x['a']}" "b" f'c{y}' """),
        ("""f"{x["a"] if x != y else {"k": [1]}["k"]}" """, """f"{x['a'] if x != y else {'k': [1]}['k']}" """),
        ("""f"{(lambda q: q["a"])(x)}" """, """f"{(lambda q: q['a'])(x)}" """),
        ("def f[T](x: T) -> T: return x", "def f(x: T) -> T: return x"),
        ("class A[T: (int, str), *Ts, **P](B[T]): pass", "class A(B[T]): pass"),
        ("type Pair[T] = tuple[T, T]", "Pair = tuple[T, T]"),
        ("if 1: type X = int", "if 1: X = int"),
    ],
)  # fmt: skip
def test_newer_grammar_gives_the_tree_of_the_same_program_in_the_older(modern: str, older: str) -> None:
    assert ast.dump(tree_of(modern.strip())) == ast.dump(ast.parse(older.strip()))


def test_lines_are_those_of_the_file_where_an_f_string_spans_several() -> None:
    code = """start = 1
print(f"{
    first["a"]  # a comment in a field
} and {'\\n'.join(
    second
)}" f"{third["x"]}"
      f"{fourth}")
fifth = 2
"""
    assert names_of(tree_of(code)) == {
        "start": 1, "print": 2, "first": 3, "second": 5, "third": 6, "fourth": 7, "fifth": 8
    }  # fmt: skip


def test_lines_are_kept_in_f_strings_inside_f_strings() -> None:
    code = 'a = 1\n\nb = f"{x["p"]} {f"{y["q"]} {\n z["r"]}"}"\nc = 1\n'
    assert names_of(tree_of(code)) == {"a": 1, "b": 3, "x": 3, "y": 3, "z": 4, "c": 5}


def test_lines_are_kept_where_type_parameters_span_several() -> None:
    code = "def f[\n    T: int,\n    S,\n](x: T) -> S:\n    return g(x)\nlast = 1\n"
    assert names_of(tree_of(code)) == {"T": 4, "S": 4, "g": 5, "x": 5, "last": 6}


def test_words_that_only_look_like_newer_grammar_are_left_alone() -> None:
    code = 'x = f"{a["k"]}"\ntype = 3\ntype[x] = y\nprint("def f[T](x)")  # class A[T]: type X = int\n'
    tree = tree_of(code)
    assert [type(statement).__name__ for statement in tree.body] == ["Assign", "Assign", "Assign", "Expr"]
    assert "def f[T](x)" in strings_of(tree)


def test_names_like_our_placeholders_are_not_touched() -> None:
    tree = tree_of('_modern0 = 1\nx = f"{a["k"]} {_modern0}"\n')
    assert sorted(n.id for n in ast.walk(tree.body[1]) if isinstance(n, ast.Name)) == ["_modern0", "a", "x"]


@given(st.text(alphabet="f\"'{}!:=r\\n[]()a#x \n", max_size=60))
@example('f"{a:{b:{c}}}"')
@example('f"{x!r:{y}}{{}}"')
@example("f'{a=!s:^9}'")
def test_what_both_grammars_read_is_read_alike(code: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = ast.parse(code)
            found = parse_modern(code)
    except (SyntaxError, ValueError):
        return
    assert ast.dump(found) == ast.dump(expected)


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("x = 1\ny = (\n", 2),
        ("x = 1\nprint('a)\n", 2),
        ("a = 1\nb = f'{a['\n", 2),
        ("def f():\npass\n", 2),
        ("%%writefile train.py\n", 1),
    ],
)
def test_what_no_python_reads_is_a_syntax_fault_with_its_line(code: str, line: int) -> None:
    tree, fault = parse(code)
    assert tree is None
    assert fault is not None
    assert (fault.kind, fault.line) == (ProblemKind.SYNTAX, line)


@pytest.mark.parametrize("code", ["a\0b", '"\ud800"'])
def test_text_that_is_no_source_text_is_a_syntax_fault(code: str) -> None:
    tree, fault = parse(code)
    assert tree is None
    assert fault is not None
    assert fault.kind is ProblemKind.SYNTAX


MANY = 100_000
HOSTILE = {
    "parentheses": "(" * MANY + ")" * MANY,
    "brackets": "[" * MANY + "]" * MANY,
    "unary operators": "-" * MANY + "1",
    "negations": "not " * MANY + "x",
    "a chain of additions": "+".join("a" * MANY),
    "a chain of powers": "**".join("a" * MANY),
    "a chain of attributes": "a" + ".b" * MANY,
    "a chain of calls": "a" + "()" * MANY,
    "a chain of subscripts": "a" + "[0]" * MANY,
    "lambdas": "lambda:" * MANY + "0",
    "conditions": "a if b else " * MANY + "c",
    "branches": "if a:\n pass\n" + "elif a:\n pass\n" * 20_000,
    "blocks": "".join(" " * i + "if 1:\n" for i in range(1000)),
    "open f-strings": 'f"{' * MANY,
    "open formats": "f'" + "{a:" * MANY,
    "open type parameters": "def f[" * 60_000,
    "open aliases": "type X[" * 60_000,
    "f-strings in f-strings": "".join('f"{' for _ in range(140)) + "1" + '}"' * 140,
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_nesting_is_refused_in_bounded_time(code: str) -> None:
    began = time.process_time()
    tree, fault = parse(code)
    assert time.process_time() - began < 3
    assert tree is None
    assert fault is not None
    assert fault.kind in (ProblemKind.LIMIT, ProblemKind.SYNTAX)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\ny = " + "+".join("a" * (DEPTH_LIMIT + 10)) + "\n",
        "x = 1\nif 1:\n z" + ".b" * (DEPTH_LIMIT + 10) + "\n",
        "x = 1\n@d" + "[0]" * (DEPTH_LIMIT + 10) + "\ndef f(): pass\n",
        "x = 1\nwhile " + "-" * (DEPTH_LIMIT + 10) + "1: pass\n",
    ],
)
def test_a_tree_too_deep_for_recursive_readers_is_refused_at_its_line(code: str) -> None:
    tree, fault = parse(code)
    assert tree is None
    assert fault is not None
    assert fault.kind is ProblemKind.LIMIT
    assert fault.line in (2, 3)


def test_a_tree_of_usual_depth_is_taken_however_long_its_lines_are() -> None:
    wide = "x = [" + ", ".join(f"f(a[{i}], b.c, -{i})" for i in range(3000)) + "]\n"
    deep = "y = " + "+".join("a" * (DEPTH_LIMIT - 20)) + "\n"
    assert len(tree_of(wide + deep).body) == 2


def test_a_tree_is_measured_to_the_level() -> None:
    def levels(count: int) -> str:
        return "x = " + "-" * count + "1\n"

    around = 3  # the module, the assignment and the number
    assert parse(levels(DEPTH_LIMIT - around))[0] is not None
    assert parse(levels(DEPTH_LIMIT - around + 1))[0] is None


@pytest.mark.parametrize("code", ["x=1\n" * 250_000, "#" * (TEXT_LIMIT + 1), "x = " + "1 +\\\n" * 200_000 + "1"])
def test_source_beyond_the_limit_is_not_parsed(code: str) -> None:
    began = time.process_time()
    tree, fault = parse(code)
    assert time.process_time() - began < 3
    assert tree is None
    assert fault is not None
    assert fault.kind is ProblemKind.LIMIT


def test_a_long_payload_does_not_count_as_code() -> None:
    code = f'x = "{"a" * (CODE_LIMIT + 1)}"\n'
    assert len(tree_of(code).body) == 1


def test_the_garbage_collector_is_as_it_was() -> None:
    assert gc.isenabled()
    parse("x = (")
    assert gc.isenabled()
    gc.disable()
    try:
        parse("x = 1")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_dubious_escapes_warn_nobody() -> None:
    tree_of('import re\nx = re.compile("\\d")\ny = f"{x["a"]}\\d"\n')


@given(st.text(max_size=200))
def test_any_text_gives_a_tree_or_a_fault(code: str) -> None:
    tree, fault = parse(code)
    assert (tree is None) != (fault is None)
