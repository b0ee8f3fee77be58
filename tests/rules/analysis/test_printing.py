"""Which calls of a program print a line, whatever the function is called and wherever the line is made."""

from __future__ import annotations

import ast

import pytest

from rules.analysis.flow.events import Kind
from rules.analysis.flow.printing import prints_its_argument
from rules.analysis.flow.prints import likeness
from tests.rules.analysis.test_walk import READ, walked

LINE = "closing val_loss:2.66380136 val_bpb:1.03122838"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def say(message):\n    if RANK == 0:\n        print(message, flush=True)", True),
        ("def say(self, *parts):\n    print(*parts)\n    self.file.write(f'{parts}\\n')", True),
        ("def say(self, text):\n    self.out.write(text + '\\n')", True),
        ("def say(text):\n    log.info(str(text))", True),
        ("say = lambda text: print(text)", True),
        ("def say(text):\n    print(f'[{clock():.1f}] {text}')", True),
        ("def say(loss):\n    print(f'closing val_loss:{loss}')", False),  # the line is made here
        ("def keep(blob):\n    with open('a', 'wb') as file:\n        file.write(blob)", False),
        ("def score(tokens):\n    print(tokens)\n    return model(tokens)", False),
        ("def score(tokens):\n    print('begin')", False),
        ("pick = lambda text: text if text else lambda: text", False),  # bodies that are no lists of statements
        ("say = lambda text: print(text) if RANK == 0 else None", True),
        ("def say(**fields):\n    print(json.dumps(fields))", True),
        ("def say(self, **fields):\n    print(' | '.join(f'{k}={v}' for k, v in fields.items()))", True),
        ("def say(**fields):\n    return fields", False),
    ],
)
def test_a_function_that_hands_its_argument_on_prints(text: str, expected: bool) -> None:
    statement = ast.parse(text).body[0]
    function = statement.value if isinstance(statement, ast.Assign) else statement
    assert isinstance(function, (ast.FunctionDef, ast.Lambda))
    assert prints_its_argument(function) is expected


@pytest.mark.parametrize(
    "program",
    [
        "def tell(m):\n    if RANK == 0:\n        print(m)\ntell(f'closing val_loss:{a:.8f} val_bpb:{b:.8f}')",
        "class Run:\n    def tell(self, m):\n        print(m)\nRun().tell(f'closing val_loss:{a:.8f} val_bpb:{b:.8f}')",
        "line = f'closing val_loss:{a:.8f} val_bpb:{b:.8f}'\nprint(line)",
        "print('closing val_loss:{:.8f} val_bpb:{:.8f}'.format(a, b))",
        "print('closing val_loss:%.8f val_bpb:%.8f' % (a, b))",
        "def tell(tag, a, b):\n    print(f'{tag} val_loss:{a:.8f} val_bpb:{b:.8f}')\ntell('closing', a, b)",
        "import logging\nlog = logging.getLogger()\nlog.info(f'closing val_loss:{a:.8f} val_bpb:{b:.8f}')",
    ],
)
def test_the_call_that_printed_a_line_is_found(program: str) -> None:
    (event,) = walked(READ + program).all(Kind.PRINT)
    assert likeness(event.name, LINE) >= len("closingvallossvalbpb")


@pytest.mark.parametrize(
    "program",
    [
        "def tell(**fields):\n    print(json.dumps(fields))\ntell(event='closing', val_loss=a, val_bpb=round(b, 8))",
        "print(json.dumps({'event': 'closing', 'val_loss': a, 'val_bpb': b}))",
        "print(json.dumps(dict(event='closing', val_loss=a, val_bpb=b)))",
        "print({'event': 'closing', 'val_loss': a, 'val_bpb': b})",
    ],
)
def test_the_call_that_printed_names_and_values_is_found(program: str) -> None:
    (event,) = walked(READ + program).all(Kind.PRINT)
    line = '{"event": "closing", "val_loss": 2.66380136, "val_bpb": 1.03122838}'
    assert likeness(event.name, line) >= len("eventclosingvallossvalbpb")
    assert not likeness(event.name, line.replace("closing", "step"))
