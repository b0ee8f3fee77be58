"""What one pass over a script finds, and on which lines."""

from __future__ import annotations

import ast
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.analysis.index import SourceIndex, index_of
from rules.analysis.scopes import EnvironmentRead, ScopeKind
from rules.submission import Language, SourceFile


def index(code: str) -> SourceIndex:
    return SourceIndex.of(ast.parse(textwrap.dedent(code)))


def source(code: str, path: str = "train_gpt.py") -> SourceFile:
    return SourceFile(path, "0" * 40, len(code), Language.PYTHON, code, code, tree=ast.parse(code))


def reads(code: str) -> list[tuple[str, str | None, str, int, str]]:
    return [(r.name, r.default_text, r.bound, r.line, r.how) for r in index(code).environment]


def test_functions_and_methods_are_known_by_their_qualified_names() -> None:
    found = index(
        """
        class GPT:
            def forward(self, x, *, mask=None):
                def inner(y):
                    return y
                return inner(x)
        """
    )
    assert {name: scope.line for name, scope in found.functions.items()} == {"GPT.forward": 3, "GPT.forward.inner": 4}
    assert found.functions["GPT.forward"].args == ("self", "x", "mask")
    assert found.functions["GPT.forward"].class_name == "GPT"
    assert found.functions["GPT.forward.inner"].class_name == ""
    assert [(name, scope.line) for name, scope in found.classes.items()] == [("GPT", 2)]


def test_calls_have_a_dotted_text_a_line_and_the_function_around_them() -> None:
    found = index(
        """
        def main():
            opt = torch.optim.SGD(params, lr=0.1)
            if ready:
                self.attn.forward(x).sum()
        main()
        """
    )
    assert [(c.text, c.line, c.inside) for c in found.calls] == [
        ("torch.optim.SGD", 3, "main"),
        ("().sum", 5, "main"),
        ("self.attn.forward", 5, "main"),
        ("main", 6, ""),
    ]
    assert [c.line for c in found.calls_of("SGD", "main")] == [3, 6]


def test_arguments_of_a_call_are_found_by_place_and_by_name() -> None:
    (call,) = index("f(1, b=2)").calls
    assert [
        ast.unparse(a) if a else None for a in (call.argument(0), call.argument(1, "b"), call.argument(2, "c"))
    ] == [
        "1",
        "2",
        None,
    ]


def test_identifiers_are_names_attributes_keywords_and_arguments_with_their_first_lines() -> None:
    found = index(
        """
        import numpy as np
        def f(alpha, *rest):
            beta = alpha.gamma
            return g(delta=beta)
        beta = 1
        """
    )
    assert found.identifiers == {"np", "f", "alpha", "rest", "beta", "gamma", "g", "delta"}
    assert found.first_lines["beta"] == 4
    assert found.first_lines["gamma"] == 4
    assert found.first_lines["alpha"] == 3


def test_annotations_and_docstrings_are_left_out() -> None:
    found = index(
        '''
        def f(x: Tensor) -> Loss:
            """Says nothing."""
            y: Marker = "kept"
            return y
        '''
    )
    assert not {"Tensor", "Loss", "Marker"} & found.identifiers
    assert [(t.value, t.line) for t in found.strings] == [("kept", 4)]


def test_pieces_of_formatted_strings_are_strings() -> None:
    assert [t.value for t in index("log(f'val_bpb:{x:.4f} done')").strings] == ["val_bpb:", ".4f", " done"]


def test_imports_inside_functions_are_found() -> None:
    found = index(
        """
        import torch.nn.functional as F
        def f():
            from a.b import c as d
        """
    )
    assert [(i.module, i.name, i.alias, i.line, i.inside) for i in found.imports] == [
        ("torch.nn.functional", "", "F", 2, ""),
        ("a.b", "c", "d", 4, "f"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('x = os.environ.get("X", "8")', ("X", "8", "x", 1, "get")),
        ('x = int(os.environ.get("X", 8))', ("X", "8", "x", 1, "get")),
        ('x = bool(int(os.getenv("X", "0")))', ("X", "0", "x", 1, "get")),
        ('self.x = float(environ.get("X", 1e-3))', ("X", "0.001", "x", 1, "get")),
        ('x = os.environ["X"]', ("X", None, "x", 1, "index")),
        ('os.environ["X"] = "3"', ("X", "3", "", 1, "stored")),
        ('os.environ.setdefault("X", "3")', ("X", "3", "", 1, "setdefault")),
        ('x: int = int(os.environ.get("X", 2 * 1024))', ("X", "2048", "x", 1, "get")),
        ('f(x=os.environ.get("X"))', ("X", None, "x", 1, "get")),
        ('x = tuple(int(i) for i in os.environ.get("X", "1,2").split(","))', ("X", "1,2", "x", 1, "get")),
        ('x = int(os.environ["X"]) if "X" in os.environ else 4', ("X", None, "x", 1, "index")),
        ('x = os.environ.get("X", "0") == "1"', ("X", "0", "x", 1, "get")),
    ],
)
def test_an_environment_read_knows_its_default_and_what_it_is_bound_to(
    line: str, expected: tuple[str, str | None, str, int, str]
) -> None:
    assert reads(line) == [expected]


def test_helpers_that_read_the_environment_are_followed() -> None:
    code = """
    def env_int(name, default):
        return int(os.environ.get(name, default))
    env = os.environ.get
    flag = lambda k, d=0: bool(int(os.environ.get(k, d)))
    a = env_int("A", 8)
    b = env("B", "x")
    c = flag("C")
    d = other("D", 1)
    """
    assert reads(code) == [
        ("A", "8", "a", 6, "get"),
        ("B", "x", "b", 7, "get"),
        ("C", None, "c", 8, "get"),
    ]


def test_several_settings_on_one_line_keep_their_names() -> None:
    code = "class H: a=int(os.environ.get('A',1));b=os.environ.get('B','2')"
    assert [(r[0], r[2]) for r in reads(code)] == [("A", "a"), ("B", "b")]


def test_options_of_the_command_line_are_read() -> None:
    found = index(
        """
        p.add_argument("--lr", type=float, default=0.1)
        p.add_argument("-x", "--use-xsa", action="store_true")
        p.add_argument("--k", dest="kay", default=3)
        p.add_argument("path")
        """
    )
    assert [(o.flag, o.name, o.default_text, o.line) for o in found.options] == [
        ("--lr", "lr", "0.1", 2),
        ("--use-xsa", "use_xsa", "False", 3),
        ("--k", "kay", "3", 4),
        ("path", "path", None, 5),
    ]


def test_defaults_of_classes_and_numbers_of_the_module_are_read() -> None:
    found = index(
        """
        STRIDE = 8 * 8
        NAME = "x"
        @dataclass
        class Config:
            layers: int = 9
            heads = 4
            free: int
        """
    )
    assert found.numeric_constants == {"STRIDE": (64, 2)}
    assert [(b.name, b.line) for b in found.class_defaults] == [("layers", 6), ("heads", 7)]


def test_branches_are_scopes_with_their_condition() -> None:
    found = index(
        """
        def f(x):
            if x > 0:
                a()
            else:
                b()
            y = c() if x else d()
        """
    )
    branches = [(s.line, s.holds, [c.name for c in s.calls]) for s in found.scopes if s.kind is ScopeKind.BRANCH]
    assert sorted(branches) == [(3, False, ["b"]), (3, True, ["a"]), (7, False, ["d"]), (7, True, ["c"])]
    assert all(s.qualname == "f" for s in found.scopes[1:])


def test_what_follows_an_early_return_belongs_to_the_failed_condition() -> None:
    found = index(
        """
        def f(x):
            if not x:
                return None
            a()
        """
    )
    (rest,) = [s for s in found.scopes if s.kind is ScopeKind.BRANCH and not s.holds]
    assert [c.name for c in rest.calls] == ["a"]


def test_bindings_tell_how_a_name_gets_its_value() -> None:
    found = index("a = 1\nb.c = 2\nd, e = 3, 4\nf += 5\nfor g in h: pass\nk(m=6)\n")
    assert [(b.name, ast.unparse(b.value) if b.value else None, b.how) for b in found.module.bindings] == [
        ("a", "1", "name"),
        ("c", "2", "attribute"),
        ("d", "3", "name"),
        ("e", "4", "name"),
        ("f", None, "name"),
        ("g", None, "name"),
        ("m", "6", "keyword"),
    ]


def test_processes_libraries_and_code_made_at_run_time_are_named() -> None:
    found = index(
        """
        subprocess.run(["nvidia-smi"])
        os.system("ls")
        ctypes.CDLL("libx.so")
        exec(code)
        model.load(x)
        trainer.run()
        """
    )
    assert [(c.text, c.line) for c in found.escapes] == [
        ("subprocess.run", 2),
        ("os.system", 3),
        ("ctypes.CDLL", 4),
        ("exec", 5),
    ]


def test_the_scopes_inside_a_scope_can_be_walked() -> None:
    found = index("class A:\n  def f(self):\n    if x:\n      y()\n")
    assert [s.line for s in found.below(found.classes["A"])] == [1, 2, 3]


def test_the_same_code_is_indexed_once_whatever_its_path() -> None:
    assert index_of(source("a = 1\n")) is index_of(source("a = 1\n", "other.py"))
    assert index_of(source("a = 1\n")) is not index_of(source("a = 2\n"))


def test_a_source_that_does_not_parse_has_an_empty_index() -> None:
    broken = SourceFile("x.py", "0" * 40, 3, Language.PYTHON, "a b", "a b")
    assert index_of(broken).calls == ()
    assert index_of(broken).module.kind is ScopeKind.MODULE


def test_an_environment_read_knows_the_function_around_it() -> None:
    (found,) = index("class H:\n  x = os.environ.get('X')\n").environment
    assert isinstance(found, EnvironmentRead)
    assert found.inside == "H"


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "-" * 900 + "1",
        "x = " + "a." * 900 + "b",
        "x = " + "+".join(["a"] * 900),
        "def f():\n" + "    if a: return\n" * 20_000,
        "x = [" + "f(a, b=c), " * 20_000 + "]",
    ],
    ids=["signs", "attributes", "sum", "returns", "calls"],
)
def test_long_and_deep_code_is_indexed_in_bounded_time(code: str) -> None:
    tree = ast.parse(code)
    begun = time.process_time()
    assert SourceIndex.of(tree).scopes
    assert time.process_time() - begun < 2.0


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    forms = ("({} if {} else {})", "[{}, *{}, {}]", "(lambda q={}: ({}, {}))")
    return st.builds(lambda form, a, b, c: form.format(a, b, c), st.sampled_from(forms), inner, inner, inner)


@given(st.recursive(st.sampled_from(["a", "1", "'s'", "b.c", "f(x, k=1)"]), _larger, max_leaves=12))
def test_every_call_and_name_of_an_expression_is_found(code: str) -> None:
    tree = ast.parse(f"x = {code}")
    found = SourceIndex.of(tree)
    assert len(found.calls) == sum(isinstance(n, ast.Call) for n in ast.walk(tree))
    assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} <= found.identifiers
