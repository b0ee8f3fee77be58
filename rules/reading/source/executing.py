"""What a launcher executes: texts, files that it wrote, siblings, programs that it starts. Noted, never done."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

from rules.reading.source.files import ROOT, VirtualFiles
from rules.reading.source.handles import Handles
from rules.reading.source.launches import Launches, Run, words_of
from rules.reading.source.opening import argument
from rules.reading.source.values import TEMPORARY, UNKNOWN, Budget, Code, Loader, Method, Origin, Symbol, Value

Action = Callable[..., Value]
_PROGRAMS = (
    *("subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen"),
    *("subprocess.getoutput", "os.system", "os.popen", "os.execv", "os.execve", "os.execvp", "os.execvpe", "os.execl"),
    *("os.execle", "os.execlp", "os.spawnv", "os.spawnvp", "os.spawnl", "os.posix_spawn"),
)


class Executing(Handles):
    """Adds the calls that execute something; `launches` holds what they were given."""

    def __init__(self, budget: Budget, files: VirtualFiles) -> None:
        super().__init__(budget, files)
        self.launches = Launches()
        self.module: dict[str, Value] = {"__name__": "__main__", "__file__": files.own_path, "__doc__": None}
        self.remember(self.module)
        self.reason = ""  # why a decoder failed last
        self.limited = False  # whether a limit was reached
        self.called = True  # whether what is followed is reached from the script's own statements

    def fail(self, node: ast.AST, detail: str, *, weak: bool = False) -> None:
        """Note that what is executed at `node` is not known."""
        reason = f" ({self.reason})" if self.reason else ""
        self.launches.failed(getattr(node, "lineno", 1), detail + reason, weak=weak, limit=self.limited)

    def _execute(self, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        """`exec(text)`: in the script's own names it is the program, in others a module of it."""
        text, name = argument(args, keywords, 0, "source", UNKNOWN), ""
        if isinstance(text, Code):
            text, name = text.source, text.name
        names = argument(args, keywords, 1, "globals")
        main = (
            names is None or names is self.module or (isinstance(names, dict) and names.get("__name__") == "__main__")
        )
        if isinstance(text, (str, bytes)):
            self.launches.ran(text, self._origin(text, node), name, main=main, shipped=self._is_shipped(text))
        else:
            self.fail(node, "the text that is executed is not known")
        return UNKNOWN

    def _evaluate(self, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        """`eval`: of compiled code like `exec`, of a text an expression, which is nothing to follow."""
        return self._execute(args, keywords, node) if args and isinstance(args[0], Code) else UNKNOWN

    def _compile(self, args: list[Value], keywords: dict[str, Value], _node: ast.Call) -> Value:
        name = argument(args, keywords, 1, "filename", "")
        return Code(argument(args, keywords, 0, "source", UNKNOWN), name if isinstance(name, str) else "")

    def _origin(self, text: Value, node: ast.AST, *forms: str) -> Origin:
        return self.origins.of(text) or Origin(getattr(node, "lineno", 1), forms)

    def _is_shipped(self, text: Value) -> bool:
        """Whether a text is another file of the folder as it stands."""
        origin = self.origins.of(text)
        return origin is not None and origin.forms == ("sibling",)

    def _run_path(self, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        name = argument(args, keywords, 2, "run_name")
        self._run_file(argument(args, keywords, 0, "path_name", UNKNOWN), node, main=name in (None, "__main__"))
        return UNKNOWN

    def _run_module(self, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        name = argument(args, keywords, 0, "mod_name", UNKNOWN)
        self._run_file(f"{name}.py" if isinstance(name, str) else UNKNOWN, node, main=True)
        return UNKNOWN

    def _run_file(self, path: Value, node: ast.Call, *, main: bool, weak: bool = False) -> None:
        """Note that a file is run: one that was written, a sibling, or one that is not there."""
        full = self.files.absolute(path)
        if full == self.files.own_path:
            return
        content = self.files.bytes_of(path)
        if isinstance(content, (str, bytes)):
            self.shipped(path, content, node)
            name = "" if full is None else full.rpartition("/")[2]
            origin = self._origin(content, node, "file")
            self.launches.ran(content, origin, name, main=main, shipped=self._is_shipped(content))
        elif full in self.files.written:
            self.fail(node, "the file that is run was written with a text that is not known")
        else:
            self._missing(full, node, main=main, weak=weak)

    def _missing(self, full: str | None, node: ast.Call, *, main: bool, weak: bool) -> None:
        """A file that is run is not among those at hand. A library that is loaded as a module is none of ours."""
        if full is not None:
            shown = full.removeprefix(f"{self.files.folder}/").removeprefix(f"{ROOT}/")
            self.fail(node, f"the folder has no {shown[:200]!r} to run", weak=weak or not main)
        elif main and self.called:
            self.fail(node, "which file is run is not known", weak=weak)

    def _start(self, args: list[Value], keywords: dict[str, Value], node: ast.Call) -> Value:
        """A program is started: look for a script among the words of its command."""
        folder = keywords.get("cwd", "")
        if not isinstance(folder, (str, PurePosixPath)):
            return UNKNOWN
        commands = [*args, keywords.get("args")]
        words = [word for command in commands for word in words_of(command)]
        texts = [str(word) if isinstance(word, (str, PurePosixPath)) else "" for word in words]
        python = any(PurePosixPath(text).name.startswith(("python", "torchrun")) for text in texts if text)
        for position, text in enumerate(texts):
            if text == "-c" and python and position + 1 < len(words):
                self._execute([words[position + 1]], {}, node)
            elif text.endswith(".py") or (python and self.files.absolute(text) in self.files.written):
                self._run_file(PurePosixPath(folder, text), node, main=True, weak=True)
                break
        return UNKNOWN

    def imported(self, module: str, node: ast.stmt) -> None:
        """An import of a module that the script itself has written runs it."""
        self.budget.step(1 + len(self.files.written) // 8)
        ending = f"/{module.replace('.', '/')}.py"
        for path, content in self.files.written.items():
            if path.endswith(ending) and isinstance(content, (str, bytes)):
                origin = self._origin(content, node, "file")
                self.launches.ran(content, origin, path.rpartition("/")[2], main=True)

    def _import(self, args: list[Value], _keywords: dict[str, Value], node: ast.Call) -> Value:
        if not args or not isinstance(args[0], str):
            return UNKNOWN
        self.imported(args[0], ast.copy_location(ast.Expr(node), node))
        return Symbol(args[0])

    def _getattr(self, args: list[Value], _keywords: dict[str, Value], _node: ast.Call) -> Value:
        if isinstance(args[0], Symbol) and isinstance(args[1], str):
            return self.symbol(f"{args[0].name}.{args[1]}")
        return Method(args[0], args[1]) if isinstance(args[1], str) and args[0] is not UNKNOWN else UNKNOWN

    def _loader(self, args: list[Value], keywords: dict[str, Value], _node: ast.Call) -> Value:
        name, path = argument(args, keywords, 0, "name"), argument(args, keywords, 1, "location", UNKNOWN)
        return Loader(keywords.get("path", path), name)

    def _marshal(self, _args: list[Value], _keywords: dict[str, Value], node: ast.Call) -> Value:
        self.fail(node, "marshalled bytecode is not followed")
        return UNKNOWN

    def written_sources(self) -> Iterator[tuple[str, Run]]:
        """Files that were written with a known text, by their path below the folder that they were written to."""
        for path, content in self.files.written.items():
            if isinstance(content, (str, bytes)) and content:
                origin = self.origins.of(content) or Origin(1)
                name = path.removeprefix(f"{TEMPORARY}/").removeprefix(f"{self.files.folder}/").rpartition("!/")[2]
                yield name, Run(content, origin.line, origin.form, name, main=False, shipped=False)

    def _globals(self, _args: list[Value], _keywords: dict[str, Value], _node: ast.Call) -> Value:
        return self.module


ACTIONS: Mapping[str, Action] = {
    "builtins.exec": Executing._execute,
    "builtins.eval": Executing._evaluate,
    "builtins.compile": Executing._compile,
    "builtins.getattr": Executing._getattr,
    "builtins.globals": Executing._globals,
    "builtins.__import__": Executing._import,
    "importlib.import_module": Executing._import,
    "importlib.util.spec_from_file_location": Executing._loader,
    "importlib.machinery.SourceFileLoader": Executing._loader,
    "runpy.run_path": Executing._run_path,
    "runpy.run_module": Executing._run_module,
    "marshal.loads": Executing._marshal,
    **dict.fromkeys(_PROGRAMS, Executing._start),
}
